import { filterSql, ticketFilters, type Filter } from '../figures/filters.ts';
import {
  assembleFigures,
  ticketFigureSet,
  ticketQueries,
  type TicketFigures,
} from '../figures/ticket-figures.ts';
import { wholeFigures } from '../figures/measure-queries.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import type { Freshness } from './freshness.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
} from './snapshot-feed.ts';

/** One consistent state of the warehouse, and how far it can be trusted. */
export interface TicketsDocument extends LiveDocument {
  readonly dataset: 'tickets';
  readonly filter: Filter;
  readonly measures: TicketFigures['measures'];
  readonly breakdowns: TicketFigures['breakdowns'];
  readonly matrices: TicketFigures['matrices'];
  /** Names of the figures that the filter does not narrow: their views lack its columns. */
  readonly whole: readonly string[];
  readonly quarantine: readonly CountedReasons[];
  readonly books: TicketFigures['books'] | null;
  readonly recent: TicketFigures['recent'];
  readonly frontiers: TicketFigures['frontiers'];
  readonly choices: TicketFigures['choices'] | null;
}

export function createTicketFeed(
  parts: FeedParts & { readonly freshness: Freshness; readonly filter: Filter },
): LiveFeed<TicketsDocument> {
  const { freshness, filter } = parts;
  const sql = filterSql(ticketFilters, filter);
  const whole = wholeFigures(ticketFigureSet, sql);
  const snapshots = createSnapshotFeed({
    ...parts,
    queries: ticketQueries(sql),
    parameters: sql.parameters,
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
        filter,
        ...state,
        ...pulse(),
        measures: figures?.measures ?? {},
        breakdowns: figures?.breakdowns ?? {},
        matrices: figures?.matrices ?? {},
        whole,
        quarantine: explainCounts(figures?.quarantine ?? []),
        books: figures?.books ?? null,
        recent: figures?.recent ?? [],
        frontiers: figures?.frontiers ?? [],
        choices: figures?.choices ?? null,
      };
    },
  };
}
