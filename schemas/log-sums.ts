import { logMeasures } from './log-measures.ts';
import type { Breakdown, Matrix, Measure } from './measure.ts';

/**
 * The figures of the logs over what the loader has summed up by the hour, instead of over every
 * entry: the same numbers, read from thousands of rows and not from millions.
 */

const HOURS = 'reporting.log_hours';
const TICKETS = 'reporting.logged_tickets';

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

/** The dimension of the sums that holds a column of the entries; `all` where the hour tells it. */
const dimensions: Readonly<Record<string, string>> = {
  log_level: 'level',
  component: 'component',
  event_type: 'event_type',
  user_agent: 'user_agent',
  response_range: 'response_range',
  logged_date: 'all',
  logged_hour: 'all',
  logged_weekday: 'all',
};

function summed(measure: Measure, dimension: string): Measure | undefined {
  const parts = (sums as Readonly<Record<string, Summed | undefined>>)[measure.name];
  return (
    parts && { ...measure, sql: { from: HOURS, where: `dimension = '${dimension}'`, ...parts } }
  );
}

/**
 * The same figures, each over the sums where they have it.
 *
 * @param knows whether a view can be narrowed by all that a person chose; what it cannot be stays
 *   over the entries.
 */
export function overLogSums(set: FigureSet, knows: (view: string) => boolean): FigureSet {
  const byName = new Map(
    [...set.measures, ...(set.onlySplit ?? [])].map((measure) => [measure.name, measure]),
  );
  const split: Measure[] = [...(set.onlySplit ?? [])];
  /** The measure of one dimension, under a name of its own. */
  const splitBy = (name: string, column: string): string | undefined => {
    const dimension = dimensions[column];
    const measure = byName.get(name);
    const made = measure && dimension !== undefined ? summed(measure, dimension) : undefined;
    if (!made || !knows(HOURS)) return undefined;
    const own = { ...made, name: `${name}/${dimension}` };
    if (!split.some((each) => each.name === own.name)) split.push(own);
    return own.name;
  };
  return {
    measures: set.measures.map((measure) => {
      if (measure.name === 'logged_tickets' && knows(TICKETS)) {
        return { ...measure, sql: { from: TICKETS, numerator: 'COUNT(*)' } };
      }
      return (knows(HOURS) ? summed(measure, 'all') : undefined) ?? measure;
    }),
    breakdowns: set.breakdowns.map((breakdown) => {
      const { column } = breakdown.by;
      const measure = splitBy(breakdown.measure, column);
      if (measure === undefined) return breakdown;
      const by = dimensions[column] === 'all' ? breakdown.by : { ...breakdown.by, column: 'label' };
      return { ...breakdown, measure, by };
    }),
    matrices: set.matrices.map((matrix) => {
      const inHours = [matrix.rows, matrix.columns].every(
        ({ column }) => dimensions[column] === 'all',
      );
      const measure = inHours ? splitBy(matrix.measure, matrix.rows.column) : undefined;
      return measure === undefined ? matrix : { ...matrix, measure };
    }),
    onlySplit: split,
  };
}
