import type { MappedColumn, RawImage } from './dataset.ts';

/** Which source column feeds each mapped field, or which fields find none. */
export type Projection =
  { readonly columns: ReadonlyMap<string, string> } | { readonly missing: readonly MappedColumn[] };

/**
 * Finds for each mapped field its column among the columns that the table has: by name, then by
 * alias, without case. Unmapped columns may come and go.
 */
export function projectColumns(
  mapping: readonly MappedColumn[],
  tableColumns: readonly string[],
): Projection {
  const byLowerName = new Map(tableColumns.map((name) => [name.toLowerCase(), name]));
  const columns = new Map<string, string>();
  const missing: MappedColumn[] = [];
  for (const mapped of mapping) {
    const found = [mapped.column, ...(mapped.aliases ?? [])]
      .map((name) => byLowerName.get(name.toLowerCase()))
      .find((name) => name !== undefined);
    if (found === undefined) missing.push(mapped);
    else columns.set(mapped.field, found);
  }
  return missing.length > 0 ? { missing } : { columns };
}

/** The mapped fields of a row, in mapped order. */
export function projectRow(
  columns: ReadonlyMap<string, string>,
  row: Readonly<Record<string, string | null>>,
): RawImage {
  return Object.fromEntries([...columns].map(([field, column]) => [field, row[column] ?? null]));
}
