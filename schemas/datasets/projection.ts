import type { MappedColumn, RawImage, TableDataset } from './dataset.ts';

/** Which source column feeds each mapped field, or which fields find none. */
export type Projection =
  { readonly columns: ReadonlyMap<string, string> } | { readonly missing: readonly MappedColumn[] };

/**
 * Finds for each mapped field its column among the columns that the table has: by name, then by
 * alias, without case, and no column for two fields. Unmapped columns may come and go.
 */
export function projectColumns(
  mapping: readonly MappedColumn[],
  tableColumns: readonly string[],
): Projection {
  const { taken } = takeColumns(mapping, tableColumns);
  const columns = new Map<string, string>();
  const missing: MappedColumn[] = [];
  for (const mapped of mapping) {
    const column = taken.get(mapped.field);
    if (column === undefined) missing.push(mapped);
    else columns.set(mapped.field, column);
  }
  return missing.length > 0 ? { missing } : { columns };
}

/** The columns of a table that no mapped field takes: they are carried to raw, and not judged. */
export function unmappedColumns(
  mapping: readonly MappedColumn[],
  tableColumns: readonly string[],
): string[] {
  return [...takeColumns(mapping, tableColumns).free];
}

/** Every field takes its column by name before any takes one by an alias. */
function takeColumns(mapping: readonly MappedColumn[], tableColumns: readonly string[]) {
  const free = new Map(tableColumns.map((name) => [name.toLowerCase(), name]));
  const taken = new Map<string, string>();
  const take = (field: string, names: readonly string[]) => {
    const name = names.map((each) => each.toLowerCase()).find((each) => free.has(each));
    const column = name === undefined ? undefined : free.get(name);
    if (name === undefined || column === undefined || taken.has(field)) return;
    free.delete(name);
    taken.set(field, column);
  };
  for (const { field, column } of mapping) take(field, [column]);
  for (const { field, aliases = [] } of mapping) take(field, aliases);
  return { taken, free: free.values() };
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

/** The mapped fields of a row, in mapped order. */
export function projectRow(
  columns: ReadonlyMap<string, string>,
  row: Readonly<Record<string, string | null>>,
): RawImage {
  const image: Record<string, string | null> = {};
  for (const [field, column] of columns) image[field] = row[column] ?? null;
  return image;
}
