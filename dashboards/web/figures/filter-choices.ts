import type { FilterSet } from './filters.ts';
import { groupedPass } from './grouped-pass.ts';
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
  return set.summed ? choicesFromSums(set, set.summed) : choicesFromRows(set);
}

function choicesFromRows({ view, day, columns }: FilterSet): string {
  const offered = columns.filter((column) => column.offered);
  const value = (column: FilterSet['columns'][number]) => column.sql[view] ?? 'NULL';
  const pass = groupedPass(
    'grouped_rows',
    view,
    [[], ...offered.map((column) => [value(column)])],
    {
      rows_counted: 'COUNT(*)',
      first_day: `MIN(${day[view] ?? 'NULL'})`,
      last_day: `MAX(${day[view] ?? 'NULL'})`,
    },
  );
  return `WITH ${pass.sql}\n${[
    ...offered.map((column) =>
      valuesBranch(column.name, value(column), 'rows_counted', pass.rowsBy([value(column)])),
    ),
    ...['first_day', 'last_day'].map((each) => dayBranch(each, 'rows_counted', pass.rowsBy([]))),
  ].join('\nUNION ALL\n')}`;
}

function choicesFromSums(
  { day, columns }: FilterSet,
  { view, dimensions }: NonNullable<FilterSet['summed']>,
): string {
  const values = columns
    .filter(({ name, offered }) => offered && dimensions[name] !== undefined)
    .map(({ name }) =>
      valuesBranch(
        name,
        'label',
        'SUM(entries)',
        ` FROM ${view} WHERE dimension = '${dimensions[name] ?? ''}' GROUP BY label`,
      ),
    );
  const days = ['MIN', 'MAX'].map((aggregate) =>
    dayBranch(`${aggregate}(${day[view] ?? 'NULL'})`, 'COUNT(*)', ` FROM ${view}`),
  );
  return [...values, ...days].join('\nUNION ALL\n');
}

function valuesBranch(name: string, value: string, count: string, from: string): string {
  return (
    `SELECT c.name, c.value, c.rows_counted FROM (SELECT CAST('${name}' AS VARCHAR(64)) AS name, ` +
    `CAST(${value} AS VARCHAR(4096)) AS value, CAST(${count} AS BIGINT) AS rows_counted` +
    `${from} ORDER BY rows_counted DESC, value LIMIT ${OFFERED_VALUES}) c`
  );
}

function dayBranch(day: string, count: string, from: string): string {
  return (
    `SELECT CAST('${DAYS}' AS VARCHAR(64)) AS name, CAST(${day} AS VARCHAR(4096)) AS value, ` +
    `CAST(${count} AS BIGINT) AS rows_counted${from}`
  );
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
