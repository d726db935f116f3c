/** One reading of a view that groups its rows in several ways at once. */
export interface GroupedPass {
  /** `name AS (SELECT …)`, one or several, for a WITH clause. */
  readonly sql: string;
  /** ` FROM name WHERE …`: the rows that are grouped by these columns. */
  rowsBy(columns: readonly string[]): string;
}

/** Tells in a row by which of the lists of columns it is grouped. */
const GROUPED_BY = 'grouped_by';

/**
 * Common tables over `from` (a view, and its WHERE clause if any), grouped by each of the lists of
 * columns; an empty list is the whole. Their columns are all that is grouped by, NULL where a row
 * is not grouped by it, and the values.
 *
 * Rows are grouped by all columns of a kind at once first, and only these few cells in each of the
 * ways: many rows meet one group each, not one for each list. Times and texts are apart, for
 * together they would make nearly as many cells as there are rows.
 *
 * @param values SUM, COUNT, MIN or MAX by the names of their columns: what can be made of parts.
 */
export function groupedPass(
  name: string,
  from: string,
  groupings: readonly (readonly string[])[],
  values: Readonly<Record<string, string>>,
): GroupedPass {
  const lists = [...new Map(groupings.map((columns) => [keyOf(columns), columns])).values()];
  const whole = lists.filter((columns) => columns.length === 0);
  const split = lists.filter((columns) => columns.length > 0);
  const [first = [], ...others] = [
    split.filter((columns) => !areTimes(columns)),
    split.filter(areTimes),
  ].filter((kind) => kind.length > 0);
  // The whole is made of whatever cells there are.
  const tables = [[...first, ...whole], ...others].map((kind, index) =>
    groupedCells(index === 0 ? name : `${name}_times`, from, kind, values),
  );
  return {
    sql: tables.map(({ sql }) => sql).join(',\n'),
    rowsBy(list) {
      for (const table of tables) {
        const rows = table.rowsBy(list);
        if (rows !== undefined) return rows;
      }
      throw new TypeError(`${name} is not grouped by ${list.join(', ')}`);
    },
  };
}

function groupedCells(
  name: string,
  from: string,
  groupings: readonly (readonly string[])[],
  values: Readonly<Record<string, string>>,
) {
  // A row is told by the columns that it is grouped by, so a list stands before those inside of it.
  const lists = groupings.toSorted((a, b) => b.length - a.length);
  const places = new Map(lists.map((columns, place) => [keyOf(columns), place]));
  const cases = lists.map((columns, place) => {
    const grouped = columns.map((column) => `GROUPING(${column}) = 0`).join(' AND ');
    return columns.length === 0 ? `ELSE ${place}` : `WHEN ${grouped} THEN ${place}`;
  });
  const columns = [...new Set(lists.flat())];
  const entries = Object.entries(values);
  const cells = [...columns, ...entries.map(([alias, aggregate]) => `${aggregate} AS ${alias}`)];
  const by = columns.length === 0 ? '' : ` GROUP BY ${columns.join(', ')}`;
  const selected = [
    ...columns,
    `${columns.length === 0 ? '0' : `CASE ${cases.join(' ')} END`} AS ${GROUPED_BY}`,
    ...entries.map(([alias, aggregate]) => `${ofParts(alias, aggregate)} AS ${alias}`),
  ];
  const sets = lists.map((list) => `(${list.join(', ')})`).join(', ');
  return {
    sql:
      `${name} AS (SELECT ${selected.join(', ')} FROM (SELECT ${cells.join(', ')} FROM ${from}${by}) c ` +
      `GROUP BY GROUPING SETS (${sets}))`,
    rowsBy(list: readonly string[]): string | undefined {
      const place = places.get(keyOf(list));
      return place === undefined ? undefined : ` FROM ${name} WHERE ${GROUPED_BY} = ${place}`;
    },
  };
}

/** An aggregate of what the cells have of it; of no cell at all, a count is zero and a sum is none. */
function ofParts(alias: string, aggregate: string): string {
  const [, name = ''] = /^(\w+)\(/.exec(aggregate) ?? [];
  if (name === 'MIN' || name === 'MAX') return `${name}(${alias})`;
  return `CAST(${name === 'COUNT' ? `COALESCE(SUM(${alias}), 0)` : `SUM(${alias})`} AS BIGINT)`;
}

/** Whether all of these columns are parts of a time, by the names that the views give them. */
export function areTimes(columns: readonly string[]): boolean {
  return columns.length > 0 && columns.every((column) => /_(date|weekday|hour)$/.test(column));
}

/** The order of columns makes no other groups. */
function keyOf(columns: readonly string[]): string {
  return [...columns].sort().join(', ');
}
