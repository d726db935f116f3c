import { logMeasures } from './log-measures.ts';
import type { Breakdown, Matrix, Measure, SumRelation } from './measure.ts';

/**
 * The figures of the logs over what the loader has summed up, instead of over every entry: the same
 * numbers, read from thousands of rows and not from millions.
 */

/** A relation of sums that tells entries apart by some of their columns. */
interface LogSums {
  readonly from: SumRelation;
  /** Columns of `reporting.log_entries` that it has under the same name. */
  readonly columns: readonly string[];
}

const SUMMED = 'entries, errors, response_time_ms, responses, cpu_hundredths, cpu_readings';
const dayColumns = ['logged_date', 'logged_weekday'] as const;
const hourColumns = [...dayColumns, 'logged_hour'] as const;
const TICKETS = 'reporting.logged_tickets';

/** Dimensions of `reporting.log_hours`, by the column of the entries that each tells. */
const dimensions = {
  log_level: 'level',
  component: 'component',
  event_type: 'event_type',
  user_agent: 'user_agent',
  response_range: 'response_range',
} as const;

const byHour = (dimension: string, column?: string): LogSums => {
  const columns = [...hourColumns, ...(column === undefined ? [] : [column])];
  const selected = column === undefined ? hourColumns : [...hourColumns, `label AS ${column}`];
  return {
    from: `(SELECT ${[...selected, SUMMED].join(', ')} FROM reporting.log_hours WHERE dimension = '${dimension}') s`,
    columns,
  };
};

const dayTexts = Object.keys(dimensions);

/**
 * What can stand for `reporting.log_entries`, the smallest first: a figure is read from the first
 * one that tells all that it needs.
 */
export const logSumRelations: readonly LogSums[] = [
  byHour('all'),
  ...Object.entries(dimensions).map(([column, dimension]) => byHour(dimension, column)),
  {
    from: `(SELECT ${[...dayColumns, ...dayTexts, SUMMED].join(', ')} FROM reporting.log_days) s`,
    columns: [...dayColumns, ...dayTexts],
  },
];

/** A set of figures of a page. */
interface FigureSet {
  readonly measures: readonly Measure[];
  readonly onlySplit?: readonly Measure[];
  readonly breakdowns: readonly Breakdown[];
  readonly matrices: readonly Matrix[];
}

type Summed = Pick<Measure['sql'], 'numerator' | 'denominator'>;
type Name = (typeof logMeasures)[number]['name'];

const sums: Readonly<Partial<Record<Name, Summed>>> = {
  log_entries: { numerator: 'SUM(entries)' },
  log_errors: { numerator: 'SUM(errors)' },
  error_rate: { numerator: 'SUM(errors)', denominator: 'SUM(entries)' },
  mean_response_ms: { numerator: 'SUM(response_time_ms)', denominator: 'SUM(responses)' },
  mean_cpu_percent: { numerator: 'SUM(cpu_hundredths)', denominator: 'SUM(cpu_readings)' },
};

/**
 * The same figures, each over sums where some have it.
 *
 * @param knows whether a relation can be narrowed by all that a person chose; what none can be stays
 *   over the entries.
 */
export function overLogSums(set: FigureSet, knows: (relation: string) => boolean): FigureSet {
  const known = logSumRelations.filter(({ from }) => knows(from));
  const byName = new Map(
    [...set.measures, ...(set.onlySplit ?? [])].map((measure) => [measure.name, measure]),
  );
  const summed = (measure: Measure, columns: readonly string[]): Measure | undefined => {
    const parts = (sums as Readonly<Record<string, Summed | undefined>>)[measure.name];
    const relation = known.find((each) => columns.every((name) => each.columns.includes(name)));
    return parts && relation && { ...measure, sql: { from: relation.from, ...parts } };
  };
  const split = new Map((set.onlySplit ?? []).map((measure) => [measure.name, measure]));
  /** Names what a split reads: its measure may stand elsewhere than the same one as a whole. */
  const splitBy = (name: string, columns: readonly string[]): string => {
    const measure = byName.get(name);
    if (!measure || !(name in sums)) return name;
    const own = `${name} by ${columns.join(', ')}`;
    split.set(own, { ...(summed(measure, columns) ?? measure), name: own });
    return own;
  };
  return {
    measures: set.measures.map((measure) =>
      measure.name === 'logged_tickets' && knows(TICKETS)
        ? { ...measure, sql: { from: TICKETS, numerator: 'COUNT(*)' } }
        : (summed(measure, []) ?? measure),
    ),
    breakdowns: set.breakdowns.map((breakdown) => ({
      ...breakdown,
      measure: splitBy(breakdown.measure, [breakdown.by.column]),
    })),
    matrices: set.matrices.map((matrix) => ({
      ...matrix,
      measure: splitBy(matrix.measure, [matrix.rows.column, matrix.columns.column]),
    })),
    onlySplit: [...split.values()],
  };
}
