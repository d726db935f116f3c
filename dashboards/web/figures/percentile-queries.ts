import { isReached, rankedEdges, type Percentile } from '../../../schemas/percentiles.ts';
import { whereClause, type FilterSql } from './filters.ts';
import type { Figures } from './measure-queries.ts';
import { countOf, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/**
 * One statement for percentiles of one duration: its view is read once, a branch for each takes its
 * edge. Rows are those of figures: `figure`, `label`, `numerator` (the edge) and `denominator`.
 */
export function percentilesQuery(
  percentiles: readonly [Percentile, ...Percentile[]],
  filter: FilterSql,
): string {
  const [{ sql }] = percentiles;
  const ranked = rankedEdges(`${sql.from}${whereClause(sql.from, filter)}`, sql.bucket);
  const branches = percentiles.map(
    ({ name, sql: { percent } }) =>
      `SELECT CAST('${name}' AS VARCHAR(64)) AS figure, CAST('' AS VARCHAR(2048)) AS label, ` +
      `CAST(MIN(r.edge) AS BIGINT) AS numerator, CAST(NULL AS BIGINT) AS denominator ` +
      `FROM ranked r WHERE ${isReached('r', percent)}`,
  );
  return `WITH ranked AS (${ranked})\n${branches.join('\nUNION ALL\n')}`;
}

/**
 * The percentiles among the rows of figures; a value of null where there was nothing to rank.
 *
 * @throws {PipelineError} WH_5001 when an edge is no whole number.
 */
export function readPercentiles(
  percentiles: readonly Percentile[],
  rows: readonly WarehouseRow[],
): Figures['measures'] {
  return Object.fromEntries(
    percentiles.map(({ name, divisor = 1 }) => {
      const row = rows.find((each) => textOf(each, 'figure') === name);
      const edge = row === undefined ? null : countOf(row, 'numerator');
      const value = edge === null ? null : edge / divisor;
      return [name, { value, numerator: edge ?? 0, denominator: null }];
    }),
  );
}
