export type TableValue = string | number | boolean | null;

/**
 * A table for a person: one line for the names, one rule, one line a row. Numbers stand to the
 * right, NULL is empty, and line breaks inside a value are made visible.
 */
export function alignedTable(
  columns: readonly string[],
  rows: readonly (readonly TableValue[])[],
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => cellText(row[index] ?? null)));
  const widths = columns.map((name, index) =>
    cells.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), name.length),
  );
  const toTheRight = columns.map((_, index) => {
    const values = rows.map((row) => row[index] ?? null).filter((value) => value !== null);
    return values.length > 0 && values.every((value) => typeof value === 'number');
  });
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return toTheRight[index] ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)];
}

function cellText(value: TableValue): string {
  return value === null ? '' : String(value).replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
