import { filterSql, type Filter, type FilterSet, type FilterSql } from './filters.ts';
import { figureQueries } from './figure-queries.ts';
import { readFigures, type Figures, type MeasureSet } from './measure-queries.ts';
import type { QueryParameters, WarehouseRow } from './warehouse.ts';

const DAY_MS = 86_400_000;
/** Before it, no date of the warehouse. */
const FIRST_DAY_MS = Date.parse('0001-01-01');

/** The measures of a page over the days right before the chosen ones. */
export interface PeriodBefore {
  /** First and last day, `YYYY-MM-DD`, both included. */
  readonly from: string;
  readonly to: string;
  /** Those that the days narrow down. */
  readonly measures: Figures['measures'];
}

/** As many days as were chosen, right before them; undefined unless both ends were chosen. */
export function daysBefore({ from, to }: Filter): { from: string; to: string } | undefined {
  if (from === null || to === null || from > to) return undefined;
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const before = { from: first - (last - first) - DAY_MS, to: first - DAY_MS };
  return before.from < FIRST_DAY_MS
    ? undefined
    : { from: dayOf(before.from), to: dayOf(before.to) };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** How the measures of the days before are asked for, and read. */
interface PeriodBeforeQueries {
  readonly queries: readonly string[];
  readonly parameters: QueryParameters;
  /** @param results the rows of each query, in their order. */
  read(results: readonly (readonly WarehouseRow[])[]): PeriodBefore;
}

/**
 * @param measured the page's measures as they are read under a filter.
 * @returns undefined when there is nothing to compare.
 */
export function periodBefore(
  filters: FilterSet,
  filter: Filter,
  measured: (filter: FilterSql) => MeasureSet,
): PeriodBeforeQueries | undefined {
  const days = daysBefore(filter);
  if (days === undefined) return undefined;
  const sql = movedTo(days, filters, filter);
  const measures = measured(sql).measures.filter(({ sql: { from } }) => sql.conditions(from));
  if (measures.length === 0) return undefined;
  const set = { measures, breakdowns: [], matrices: [] };
  return {
    queries: figureQueries(set, sql),
    parameters: sql.parameters,
    read: (results) => ({ ...days, measures: readFigures(set, results.flat()).measures }),
  };
}

/** The same filter over other days. The values that were chosen are bound already. */
function movedTo(
  days: { readonly from: string; readonly to: string },
  filters: FilterSet,
  filter: Filter,
): FilterSql {
  const chosen = filterSql(filters, { ...filter, from: null, to: null });
  return {
    parameters: { before_from: days.from, before_to: days.to },
    conditions(view) {
      const [others, day] = [chosen.conditions(view), filters.day[view]];
      if (others === null || day === undefined) return null;
      return [
        ...others,
        `${day} >= CAST(:before_from AS DATE)`,
        `${day} <= CAST(:before_to AS DATE)`,
      ];
    },
  };
}
