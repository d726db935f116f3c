import type { Freshness } from './freshness.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
} from './snapshot-feed.ts';
import { assembleFigures, ticketQueries, type TicketFigures } from '../figures/ticket-figures.ts';

/** One consistent state of the warehouse, and how far it can be trusted. */
export interface TicketsDocument extends LiveDocument {
  readonly dataset: 'tickets';
  readonly measures: TicketFigures['measures'];
  readonly breakdowns: TicketFigures['breakdowns'];
  readonly quarantine: readonly CountedReasons[];
  readonly books: TicketFigures['books'] | null;
  readonly recent: TicketFigures['recent'];
  readonly frontiers: TicketFigures['frontiers'];
}

export function createTicketFeed(
  parts: FeedParts & { readonly freshness: Freshness },
): LiveFeed<TicketsDocument> {
  const { freshness } = parts;
  const snapshots = createSnapshotFeed({
    ...parts,
    queries: ticketQueries(),
    assemble: assembleFigures,
    onFigures: ({ frontiers }) => freshness.onFrontiers(frontiers),
  });
  const pulse = () => ({ completeUpToMs: freshness.completeUpToMs });
  return {
    get version() {
      return snapshots.version;
    },
    refresh: () => snapshots.refresh(),
    pulse,
    current() {
      const { figures, state } = snapshots;
      return {
        dataset: 'tickets',
        ...state,
        ...pulse(),
        measures: figures?.measures ?? {},
        breakdowns: figures?.breakdowns ?? {},
        quarantine: explainCounts(figures?.quarantine ?? []),
        books: figures?.books ?? null,
        recent: figures?.recent ?? [],
        frontiers: figures?.frontiers ?? [],
      };
    },
  };
}
