import {
  heatMaps,
  historyBreakdowns,
  historyMeasures,
  ticketBreakdowns,
  ticketMeasures,
  type Measure,
} from '../../../schemas/measures.ts';
import { ticketPercentiles } from '../../../schemas/percentiles.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import { booksOf, booksQuery, type Books } from './books.ts';
import { choicesQuery, readChoices, type FilterChoices } from './filter-choices.ts';
import { ticketFilters, whereClause, type FilterSql } from './filters.ts';
import { figureQueries } from './figure-queries.ts';
import { readFigures, type Figures, type MeasureSet } from './measure-queries.ts';
import { percentilesQuery, readPercentiles } from './percentile-queries.ts';
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
/** A sum of backlogs over several hours means nothing. */
const isOnlySplit = ({ name }: Measure) => name === 'backlog';

/** What the tickets page shows of the catalogue. */
export const ticketFigureSet: MeasureSet = {
  measures: [...ticketMeasures, ...historyMeasures.filter((each) => !isOnlySplit(each))],
  onlySplit: historyMeasures.filter(isOnlySplit),
  breakdowns: [...ticketBreakdowns, ...historyBreakdowns],
  matrices: heatMaps.filter(({ measure }) => measure === 'tickets_shown'),
};

/** The whole query set of the tickets page. Books and quarantine are always those of all rows. */
export function ticketQueries(filter: FilterSql): readonly string[] {
  return [
    booksQuery('tickets'),
    frontierQuery('tickets'),
    ticketsQuery(whereClause('reporting.tickets', filter), { limit: RECENT_TICKETS }),
    choicesQuery(ticketFilters),
    ...figureQueries(ticketFigureSet, filter),
    percentilesQuery(ticketPercentiles, filter),
  ];
}

/**
 * Makes the figures of the rows that {@link ticketQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleFigures(results: readonly (readonly WarehouseRow[])[]): TicketFigures {
  const [bookRows = [], frontierRows = [], recent = [], choices = [], ...figureRows] = results;
  const ofFigures = figureRows.flat();
  const { measures, breakdowns, matrices } = readFigures(ticketFigureSet, ofFigures);
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofTickets } = breakdowns;
  return {
    measures: { ...measures, ...readPercentiles(ticketPercentiles, ofFigures) },
    breakdowns: ofTickets,
    matrices,
    quarantine: reasons.map(({ label, numerator }) => ({ reasons: label ?? '', count: numerator })),
    books: booksOf(onlyRow(bookRows, 'books')),
    frontiers: frontierRows.map(frontierOf),
    recent: recent.map(ticketOf),
    choices: readChoices(ticketFilters, choices),
  };
}
