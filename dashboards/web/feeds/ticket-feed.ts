import { ticketFilters, type Filter } from '../figures/filters.ts';
import {
  assembleFigures,
  ticketFigureSet,
  ticketQueries,
  type TicketFigures,
} from '../figures/ticket-figures.ts';
import { createFigureFeed, type FigureDocument } from './figure-feed.ts';
import type { Freshness } from './freshness.ts';
import type { FeedParts, LiveFeed } from './snapshot-feed.ts';

export interface TicketsDocument extends FigureDocument<'tickets'> {
  readonly recent: TicketFigures['recent'];
}

export function createTicketFeed(
  parts: FeedParts & { readonly freshness: Freshness; readonly filter: Filter },
): LiveFeed<TicketsDocument> {
  return createFigureFeed(
    {
      dataset: 'tickets',
      filters: ticketFilters,
      set: ticketFigureSet,
      measured: () => ticketFigureSet,
      queries: ticketQueries,
      assemble: assembleFigures,
      lists: (figures) => ({ recent: figures?.recent ?? [] }),
    },
    parts,
  );
}
