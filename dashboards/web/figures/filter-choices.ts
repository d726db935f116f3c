import type { FilterSet } from './filters.ts';
import { countOf, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Values that are offered of one column, the most frequent ones. */
const OFFERED_VALUES = 200;
const DAYS = 'days';

/** What the data offers to choose from, whatever is chosen now. */
export interface FilterChoices {
  readonly columns: readonly {
    readonly name: string;
    readonly title: string;
    readonly offered: boolean;
    /** The most frequent first; '' for rows without one. Empty for a column that is not offered. */
    readonly values: readonly { readonly value: string; readonly count: number }[];
  }[];
  /** `YYYY-MM-DD`; null while there are no rows. */
  readonly firstDay: string | null;
  readonly lastDay: string | null;
}

/** One statement: the values of every offered column, and the first and the last day. */
export function choicesQuery(set: FilterSet): string {
  const values = set.columns
    .filter(({ offered }) => offered)
    .map((column) => {
      const { from, value, count } = countedBy(set, column);
      return (
        `SELECT c.name, c.value, c.rows_counted FROM (SELECT CAST('${column.name}' AS VARCHAR(64)) AS name, ` +
        `CAST(${value} AS VARCHAR(4096)) AS value, CAST(${count} AS BIGINT) AS rows_counted ` +
        `FROM ${from} GROUP BY ${value} ORDER BY rows_counted DESC, value LIMIT ${OFFERED_VALUES}) c`
      );
    });
  const { view } = set.summed ?? set;
  const days = ['MIN', 'MAX'].map(
    (aggregate) =>
      `SELECT CAST('${DAYS}' AS VARCHAR(64)) AS name, ` +
      `CAST(${aggregate}(${set.day[view] ?? 'NULL'}) AS VARCHAR(4096)) AS value, ` +
      `CAST(COUNT(*) AS BIGINT) AS rows_counted FROM ${view}`,
  );
  return [...values, ...days].join('\nUNION ALL\n');
}

/** Where the values of a column are counted: over the rows, or over their sums. */
function countedBy({ view, summed }: FilterSet, { name, sql }: FilterSet['columns'][number]) {
  const dimension = summed?.dimensions[name];
  return summed === undefined || dimension === undefined
    ? { from: view, value: sql[view] ?? 'NULL', count: 'COUNT(*)' }
    : {
        from: `${summed.view} WHERE dimension = '${dimension}'`,
        value: 'label',
        count: 'SUM(entries)',
      };
}

/** Reads the rows of {@link choicesQuery}. */
export function readChoices(set: FilterSet, rows: readonly WarehouseRow[]): FilterChoices {
  const byName = Map.groupBy(rows, (row) => textOf(row, 'name') ?? '');
  const days = (byName.get(DAYS) ?? [])
    .map((row) => textOf(row, 'value')?.slice(0, 10))
    .filter((day) => day !== undefined)
    .sort();
  return {
    columns: set.columns.map(({ name, title, offered }) => ({
      name,
      title,
      offered,
      values: valuesOf(byName.get(name) ?? []),
    })),
    firstDay: days[0] ?? null,
    lastDay: days.at(-1) ?? null,
  };
}

/** A missing text and an empty one are one choice. */
function valuesOf(rows: readonly WarehouseRow[]): FilterChoices['columns'][number]['values'] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = textOf(row, 'value') ?? '';
    counts.set(value, (counts.get(value) ?? 0) + (countOf(row, 'rows_counted') ?? 0));
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
