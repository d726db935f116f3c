/**
 * Percentiles that DAX and SQL tell alike. No percentile function is the same in Power BI, Amazon
 * Redshift and PostgreSQL, and Power BI would fetch every row for its own; so each duration is
 * counted under the upper edge of its range (`reporting`, 025-percentile-buckets.sql), and the
 * percentile is the first edge up to which the share of the rows lies: whole numbers, no rounding,
 * and the same value whichever rows tie. It is never below the true percentile (nearest rank), and
 * at most one unit or 5 % above it.
 */

export interface Percentile {
  /** Stable: the page's `data-measure`, the name in every JSON document. */
  readonly name: string;
  /** Name of the Power BI measure. */
  readonly title: string;
  readonly dax: string;
  readonly sql: {
    readonly from: 'reporting.tickets' | 'reporting.log_entries';
    /** Column of upper edges; NULL where there is no duration. */
    readonly bucket: string;
    readonly percent: number;
  };
  /** The shown value is the edge / divisor: turns seconds into minutes. */
  readonly divisor?: number;
  /** Power BI format string. */
  readonly format: '#,0';
  readonly population: string;
  readonly description: string;
}

/** The SQL twin as one statement: column `edge`, NULL when there is nothing to rank. */
export function percentileSql({ sql: { from, bucket, percent } }: Percentile): string {
  return `SELECT MIN(r.edge) AS edge FROM (${rankedEdges(from, bucket)}) r WHERE ${isReached('r', percent)}`;
}

/**
 * Every edge with the rows up to it and the rows of all: columns `edge`, `upto` and `total`.
 *
 * @param from a view, and its WHERE clause if any.
 */
export function rankedEdges(from: string, bucket: string): string {
  return (
    `SELECT c.edge, SUM(c.entries) OVER (ORDER BY c.edge ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto, ` +
    `SUM(c.entries) OVER () AS total ` +
    `FROM (SELECT ${bucket} AS edge, COUNT(${bucket}) AS entries FROM ${from} GROUP BY ${bucket}) c`
  );
}

/** Whole numbers on both sides: a share is never a fraction that rounds. */
export function isReached(alias: string, percent: number): string {
  return `${alias}.upto * 100 >= ${alias}.total * ${percent}`;
}

/**
 * The same in DAX: the rows of each edge are counted by one GROUP BY at the source, the rest is done
 * over the few edges. A row without a duration has a BLANK edge, which counts nothing.
 *
 * @param column such as `Tickets[Resolution Bucket Seconds]`.
 */
export function percentileDax(column: string, percent: number, divisor?: number): string {
  return [
    `VAR Counted = ADDCOLUMNS(VALUES(${column}), "@Rows", CALCULATE(COUNT(${column})))`,
    `VAR Total = COUNT(${column})`,
    `VAR Reached = FILTER(Counted, VAR Edge = ${column} RETURN SUMX(FILTER(Counted, ${column} <= Edge), [@Rows]) * 100 >= Total * ${percent})`,
    `RETURN MINX(Reached, ${column})${divisor === undefined ? '' : ` / ${divisor}`}`,
  ].join('\n');
}

const resolution = (percent: number): Percentile => ({
  name: `p${percent}_resolution_minutes`,
  title: `P${percent} Resolution Minutes`,
  dax: percentileDax('Tickets[Resolution Bucket Seconds]', percent, 60),
  sql: { from: 'reporting.tickets', bucket: 'resolution_bucket_seconds', percent },
  divisor: 60,
  format: '#,0',
  population: 'tickets with a resolution time, escalated ones included',
  description: `${percent} % of the tickets were resolved within so many minutes; at most one minute or 5 % too high, never too low.`,
});

const response = (percent: number): Percentile => ({
  name: `p${percent}_response_ms`,
  title: `P${percent} Response ms`,
  dax: percentileDax("'Log Entries'[Response Bucket ms]", percent),
  sql: { from: 'reporting.log_entries', bucket: 'response_bucket_ms', percent },
  format: '#,0',
  population: 'log entries shown that have a response time',
  description: `${percent} % of the responses took so many milliseconds at most; at most 10 ms or 5 % too high, never too low.`,
});

export const ticketPercentiles = [resolution(50), resolution(90)] as const;
export const logPercentiles = [response(50), response(95), response(99)] as const;
