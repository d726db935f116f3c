import { entriesQuery, entryOf, type ListedEntry } from '../figures/entry-rows.ts';
import { logFilters, ticketFilters } from '../figures/filters.ts';
import { ticketOf, ticketsQuery, type ListedTicket } from '../figures/ticket-rows.ts';
import type { ListKind } from './list-feed.ts';

/** The newest tickets first. */
export const ticketList: ListKind<ListedTicket> = {
  dataset: 'tickets',
  filters: ticketFilters,
  query: ticketsQuery,
  rowOf: ticketOf,
  columns: [
    'ticket_id',
    'created_at',
    'resolved_at',
    'status',
    'priority',
    'issue_category',
    'channel',
    'agent',
    'num_interactions',
  ],
};

/** The newest log entries first. */
export const entryList: ListKind<ListedEntry> = {
  dataset: 'logs',
  filters: logFilters,
  query: (where, place) => entriesQuery(where, { order: 'newest', ...place }),
  rowOf: entryOf,
  columns: [
    'logged_at',
    'log_level',
    'response_time_ms',
    'ticket_id',
    'component',
    'event_type',
    'message',
    'entry_id',
  ],
};
