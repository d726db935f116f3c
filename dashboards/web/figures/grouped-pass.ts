/** One reading of a view that groups its rows in several ways at once. */
export interface GroupedPass {
  /** `name AS (SELECT …)`, for a WITH clause. */
  readonly sql: string;
  /** ` FROM name WHERE …`: the rows that are grouped by these columns. */
  rowsBy(columns: readonly string[]): string;
}

/** Tells in a row by which of the lists of columns it is grouped. */
const GROUPED_BY = 'grouped_by';

/**
 * A common table over `from` (a view, and its WHERE clause if any), grouped by each of the lists of
 * columns; an empty list is the whole. Its columns are all that is grouped by, NULL where a row is
 * not grouped by it, and the values.
 *
 * @param values aggregates by the names of their columns.
 */
export function groupedPass(
  name: string,
  from: string,
  groupings: readonly (readonly string[])[],
  values: Readonly<Record<string, string>>,
): GroupedPass {
  // A row is told by the columns that it is grouped by, so a list stands before those inside of it.
  const lists = [...new Map(groupings.map((columns) => [keyOf(columns), columns])).values()].sort(
    (a, b) => b.length - a.length,
  );
  const places = new Map(lists.map((columns, place) => [keyOf(columns), place]));
  const cases = lists.map((columns, place) => {
    const grouped = columns.map((column) => `GROUPING(${column}) = 0`).join(' AND ');
    return columns.length === 0 ? `ELSE ${place}` : `WHEN ${grouped} THEN ${place}`;
  });
  const columns = [...new Set(lists.flat())];
  const selected = [
    ...columns,
    `${columns.length === 0 ? '0' : `CASE ${cases.join(' ')} END`} AS ${GROUPED_BY}`,
    ...Object.entries(values).map(([alias, aggregate]) => `${aggregate} AS ${alias}`),
  ];
  const sets = lists.map((list) => `(${list.join(', ')})`).join(', ');
  return {
    sql: `${name} AS (SELECT ${selected.join(', ')} FROM ${from} GROUP BY GROUPING SETS (${sets}))`,
    rowsBy(list) {
      const place = places.get(keyOf(list));
      if (place === undefined) throw new TypeError(`${name} is not grouped by ${list.join(', ')}`);
      return ` FROM ${name} WHERE ${GROUPED_BY} = ${place}`;
    },
  };
}

/** The order of columns makes no other groups. */
function keyOf(columns: readonly string[]): string {
  return [...columns].sort().join(', ');
}
