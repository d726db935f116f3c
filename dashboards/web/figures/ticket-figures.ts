import { ticketBreakdowns, ticketMeasures } from '../../../schemas/measures.ts';
import { booksOf, booksQuery, type Books } from './books.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import { figuresQuery, readFigures, type Figures } from './measure-queries.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

const RECENT_TICKETS = 20;

/** A ticket as the page lists it; times are `YYYY-MM-DD HH:MM:SS`, UTC. */
interface RecentTicket {
  readonly ticket_id: string | null;
  readonly created_at: string | null;
  readonly resolved_at: string | null;
  readonly agent: string | null;
  readonly priority: string | null;
  readonly num_interactions: number | null;
  readonly issue_category: string | null;
  readonly channel: string | null;
  readonly status: string | null;
}

/** All figures of one warehouse state. */
export interface TicketFigures extends Figures {
  /** Different rows in quarantine by their list of reasons, the most frequent first. */
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly recent: readonly RecentTicket[];
  readonly frontiers: readonly Frontier[];
}

const QUARANTINE_BREAKDOWN = 'quarantined_by_reasons';
const set = { measures: ticketMeasures, breakdowns: ticketBreakdowns };

/** The whole query set of the tickets page. */
export function ticketQueries(): readonly [string, string, string, string] {
  return [figuresQuery(set), booksQuery('tickets'), frontierQuery('tickets'), recentQuery];
}

const recentQuery =
  `SELECT ticket_id, CAST(created_at AS VARCHAR(19)) AS created_at, ` +
  `CAST(resolved_at AS VARCHAR(19)) AS resolved_at, agent, priority, num_interactions, ` +
  `issue_category, channel, status FROM reporting.tickets ` +
  `ORDER BY created_at DESC, ticket_id DESC LIMIT ${RECENT_TICKETS}`;

/**
 * Makes the figures of the rows that {@link ticketQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleFigures(results: readonly (readonly WarehouseRow[])[]): TicketFigures {
  const [figureRows = [], bookRows = [], frontierRows = [], recentRows = []] = results;
  const { measures, breakdowns } = readFigures(set, figureRows);
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofTickets } = breakdowns;
  return {
    measures,
    breakdowns: ofTickets,
    quarantine: reasons.map(({ label, numerator }) => ({
      reasons: label ?? '',
      count: numerator,
    })),
    books: booksOf(onlyRow(bookRows, 'books')),
    frontiers: frontierRows.map(frontierOf),
    recent: recentRows.map((row) => ({
      ticket_id: textOf(row, 'ticket_id'),
      created_at: textOf(row, 'created_at'),
      resolved_at: textOf(row, 'resolved_at'),
      agent: textOf(row, 'agent'),
      priority: textOf(row, 'priority'),
      num_interactions: countOf(row, 'num_interactions'),
      issue_category: textOf(row, 'issue_category'),
      channel: textOf(row, 'channel'),
      status: textOf(row, 'status'),
    })),
  };
}
