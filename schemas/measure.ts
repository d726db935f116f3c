/**
 * Every figure that the dashboards show, said twice: in DAX for Power BI and in SQL for the page.
 * Both twins stay inside a subset whose translation is obvious: COUNTROWS = COUNT(*), SUM, COUNT,
 * DISTINCTCOUNTNOBLANK = COUNT(DISTINCT), CALCULATE with one equality that keeps what is chosen =
 * WHERE, DIVIDE.
 *
 * A ratio is always a numerator and a denominator, both whole numbers, divided by whoever shows
 * it: Redshift's AVG over integers gives an integer, and no figure may depend on that.
 */

/** Views that measures read, and the Power BI table over each. */
export const measureViews = {
  'reporting.tickets': 'Tickets',
  'reporting.quarantine': 'Quarantine',
  'reporting.ticket_books': "'Ticket Books'",
  'reporting.log_entries': "'Log Entries'",
  'reporting.log_books': "'Log Books'",
  'reporting.ticket_periods': "'Ticket Periods'",
  'reporting.ticket_backlog': "'Ticket Backlog'",
  'reporting.ticket_ages': "'Ticket Ages'",
  'reporting.ticket_errors': "'Ticket Errors'",
} as const;
type MeasureView = keyof typeof measureViews;

type Aggregate = 'COUNT(*)' | `SUM(${string})` | `COUNT(${string})` | `COUNT(DISTINCT ${string})`;

/** Text of a sub-query over sums; it stands for a view of which it tells some columns. */
export type SumRelation = `(SELECT ${string}) s`;

/** What holds sums of others: figures over it are those of the catalogue, only sooner. */
type Sums = SumRelation | 'reporting.logged_tickets';

interface MeasureSql {
  readonly from: MeasureView | Sums;
  /** One equality of a column that is never NULL. */
  readonly where?: `${string} = '${string}'`;
  readonly numerator: Aggregate;
  readonly denominator?: Aggregate;
}

export interface Measure {
  /** Stable: the page's `data-measure`, the name in every JSON document. */
  readonly name: string;
  /** Name of the Power BI measure. */
  readonly title: string;
  readonly dax: string;
  readonly sql: MeasureSql;
  /** The shown value is numerator / denominator / divisor: turns seconds into minutes. */
  readonly divisor?: number;
  /** Power BI format string. */
  readonly format: '#,0' | '#,0.00' | '0.0 %';
  /** What is counted. */
  readonly population: string;
  readonly description: string;
}

/** A measure, split by one column of its view. */
export interface Breakdown {
  readonly name: string;
  readonly title: string;
  /** Name of a measure. */
  readonly measure: string;
  readonly by: {
    readonly column: string;
    readonly dax: string;
  };
  /** Which rows come first, and so which stay when there are too many to show. */
  readonly order: 'largest' | 'latest';
  /** Every row of the view bears another label, so the rows need not be summed up. */
  readonly byRow?: true;
}

/** A measure, split by two columns of its view: a heat map. */
export interface Matrix {
  readonly name: string;
  readonly title: string;
  /** Name of a measure without denominator. */
  readonly measure: string;
  readonly rows: { readonly column: string; readonly dax: string };
  readonly columns: { readonly column: string; readonly dax: string };
}

/** The SQL twin as one statement: columns `numerator` and, for a ratio, `denominator`. */
export function measureSql(measure: Measure): string {
  const { from, where, numerator, denominator } = measure.sql;
  const columns = [
    `${numerator} AS numerator`,
    ...(denominator === undefined ? [] : [`${denominator} AS denominator`]),
  ];
  return `SELECT ${columns.join(', ')} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`;
}

/**
 * Divides a measure's parts.
 *
 * @param denominator null for a measure that is no ratio.
 * @returns the unrounded value; null where there is nothing to divide by.
 */
export function measureValue(
  measure: Measure,
  numerator: number,
  denominator: number | null,
): number | null {
  if (measure.sql.denominator === undefined) return numerator;
  return denominator === null || denominator === 0
    ? null
    : numerator / denominator / (measure.divisor ?? 1);
}

/** The SQL twin of a heat map: columns `row_label`, `column_label` and `numerator`; no row for an empty cell. */
export function matrixSql({ rows, columns }: Matrix, { sql }: Measure): string {
  const where = sql.where === undefined ? '' : ` WHERE ${sql.where}`;
  return (
    `SELECT ${rows.column} AS row_label, ${columns.column} AS column_label, ${sql.numerator} AS numerator ` +
    `FROM ${sql.from}${where} GROUP BY ${rows.column}, ${columns.column}`
  );
}
