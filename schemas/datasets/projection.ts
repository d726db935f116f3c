import type { MappedColumn, RawImage, TableDataset } from './dataset.ts';

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

/**
 * The dataset as it is read from a table in which mapped columns may have other names.
 *
 * @param aliases by field.
 */
export function withAliases<D extends Pick<TableDataset, 'mapping'>>(
  dataset: D,
  aliases: Readonly<Record<string, readonly string[]>> = {},
): D {
  const mapping = dataset.mapping.map((mapped) => {
    const more = aliases[mapped.field];
    return more ? { ...mapped, aliases: [...(mapped.aliases ?? []), ...more] } : mapped;
  });
  return { ...dataset, mapping };
}

/** The columns of a table that no mapped field takes: they are carried to raw, and not judged. */
export function unmappedColumns(
  mapping: readonly MappedColumn[],
  tableColumns: readonly string[],
): string[] {
  const taken = mapping.map((mapped) => {
    const found = projectColumns([mapped], tableColumns);
    return 'columns' in found ? found.columns.get(mapped.field) : undefined;
  });
  return tableColumns.filter((name) => !taken.includes(name));
}

/** The mapped fields of a row, in mapped order. */
export function projectRow(
  columns: ReadonlyMap<string, string>,
  row: Readonly<Record<string, string | null>>,
): RawImage {
  const image: Record<string, string | null> = {};
  for (const [field, column] of columns) image[field] = row[column] ?? null;
  return image;
}
