import { heatMaps, logBreakdowns, logMeasures, overLogSums } from '../../../schemas/measures.ts';
import { logPercentiles } from '../../../schemas/percentiles.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import { booksOf, booksQuery, type Books } from './books.ts';
import { entriesQuery, entryOf, type ListedEntry } from './entry-rows.ts';
import { choicesQuery, readChoices, type FilterChoices } from './filter-choices.ts';
import { logFilters, whereClause, type FilterSql } from './filters.ts';
import { figureQueries } from './figure-queries.ts';
import { readFigures, type Figures, type MeasureSet } from './measure-queries.ts';
import { percentilesQuery, readPercentiles } from './percentile-queries.ts';
import { onlyRow } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

const LISTED_ENTRIES = 10;

/** All figures of one warehouse state. */
export interface LogFigures extends Figures {
  /** Different entries in quarantine by their list of reasons, the most frequent first. */
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly slowest: readonly ListedEntry[];
  readonly newest: readonly ListedEntry[];
  readonly frontiers: readonly Frontier[];
  readonly choices: FilterChoices;
}

const QUARANTINE_BREAKDOWN = 'quarantined_logs_by_reasons';
/** What the logs page shows of the catalogue. */
export const logFigureSet: MeasureSet = {
  measures: logMeasures,
  breakdowns: logBreakdowns,
  matrices: heatMaps.filter(({ measure }) => measure === 'log_errors'),
};

/** The whole query set of the logs page. Books and quarantine are always those of all entries. */
export function logQueries(filter: FilterSql): readonly string[] {
  const view = 'reporting.log_entries';
  const slow = whereClause(view, filter, 'response_time_ms IS NOT NULL');
  return [
    booksQuery('logs'),
    frontierQuery('logs'),
    entriesQuery(slow, { order: 'slowest', limit: LISTED_ENTRIES }),
    entriesQuery(whereClause(view, filter), { order: 'newest', limit: LISTED_ENTRIES }),
    choicesQuery(logFilters),
    ...figureQueries(
      overLogSums(logFigureSet, (summed) => filter.conditions(summed) !== null),
      filter,
    ),
    percentilesQuery(logPercentiles, filter),
  ];
}

/**
 * Makes the figures of the rows that {@link logQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleLogFigures(results: readonly (readonly WarehouseRow[])[]): LogFigures {
  const [bookRows = [], frontierRows = [], ...rest] = results;
  const [slowest = [], newest = [], choices = [], ...figureRows] = rest;
  const ofFigures = figureRows.flat();
  const { measures, breakdowns, matrices } = readFigures(logFigureSet, ofFigures);
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofEntries } = breakdowns;
  return {
    measures: { ...measures, ...readPercentiles(logPercentiles, ofFigures) },
    breakdowns: ofEntries,
    matrices,
    quarantine: reasons.map(({ label, numerator }) => ({ reasons: label ?? '', count: numerator })),
    books: booksOf(onlyRow(bookRows, 'books of logs')),
    frontiers: frontierRows.map(frontierOf),
    slowest: slowest.map(entryOf),
    newest: newest.map(entryOf),
    choices: readChoices(logFilters, choices),
  };
}
