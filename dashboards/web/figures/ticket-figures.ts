import { ticketBreakdowns, ticketMeasures } from '../../../schemas/measures.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import { booksOf, booksQuery, type Books } from './books.ts';
import { choicesQuery, readChoices, type FilterChoices } from './filter-choices.ts';
import { ticketFilters, whereClause, type FilterSql } from './filters.ts';
import { figuresQuery, readFigures, type Figures } from './measure-queries.ts';
import { onlyRow } from './row-values.ts';
import { ticketOf, ticketsQuery, type ListedTicket } from './ticket-rows.ts';
import type { WarehouseRow } from './warehouse.ts';

const RECENT_TICKETS = 10;

/** All figures of one warehouse state. */
export interface TicketFigures extends Figures {
  /** Different rows in quarantine by their list of reasons, the most frequent first. */
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly recent: readonly ListedTicket[];
  readonly frontiers: readonly Frontier[];
  readonly choices: FilterChoices;
}

const QUARANTINE_BREAKDOWN = 'quarantined_by_reasons';
const set = { measures: ticketMeasures, breakdowns: ticketBreakdowns };

/** The whole query set of the tickets page. Books and quarantine are always those of all rows. */
export function ticketQueries(filter: FilterSql): readonly string[] {
  return [
    figuresQuery(set, filter),
    booksQuery('tickets'),
    frontierQuery('tickets'),
    ticketsQuery(whereClause('reporting.tickets', filter), { limit: RECENT_TICKETS }),
    choicesQuery(ticketFilters),
  ];
}

/**
 * Makes the figures of the rows that {@link ticketQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleFigures(results: readonly (readonly WarehouseRow[])[]): TicketFigures {
  const [figureRows = [], bookRows = [], frontierRows = [], recent = [], choices = []] = results;
  const { measures, breakdowns } = readFigures(set, figureRows);
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofTickets } = breakdowns;
  return {
    measures,
    breakdowns: ofTickets,
    quarantine: reasons.map(({ label, numerator }) => ({ reasons: label ?? '', count: numerator })),
    books: booksOf(onlyRow(bookRows, 'books')),
    frontiers: frontierRows.map(frontierOf),
    recent: recent.map(ticketOf),
    choices: readChoices(ticketFilters, choices),
  };
}
