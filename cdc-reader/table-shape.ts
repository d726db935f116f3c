import { createHash } from 'node:crypto';
import { PipelineError } from '../runtime/pipeline-error.ts';
import type { MappedColumn, TableDataset } from '../schemas/datasets/dataset.ts';
import { carriedText, mappedValueBytes, TEXT_BYTES } from '../schemas/carried-text.ts';
import { projectColumns } from '../schemas/datasets/projection.ts';
import { avroFieldName, type RowValues, type ShapeColumn } from '../schemas/row-change.ts';
import { canonicalKind, type CanonicalKind, type ToCanonical } from './canonical-value.ts';
import { isReadable } from './text-charsets.ts';

/** A column as INFORMATION_SCHEMA or TABLE_MAP tells it. */
export interface ColumnDefinition {
  readonly name: string;
  /** COLUMN_TYPE. */
  readonly type: string;
  /** Character set; null for types without one. */
  readonly charset: string | null;
}

/** A column whose values are carried. */
interface CarriedColumn extends ShapeColumn {
  readonly kind: CanonicalKind;
  readonly charset: string | null;
  /** Name of its field in a change record. */
  readonly field: string;
  /** Bytes of a value that travel; of an unmapped one all that fits its record. */
  readonly maxBytes: number;
}

/** The columns of a captured table at one time, and what the dataset makes of them. */
export interface TableShape {
  readonly columns: readonly CarriedColumn[];
  /** Over names, types and mapped fields of all columns: one writer schema per hash. */
  readonly hash: string;
  /** Over the mapped columns only: when it changes, stored images have changed without row events. */
  readonly mappedHash: string;
  /** Field that holds the key of a row's record. */
  readonly keyField: string;
}

/**
 * @throws {PipelineError} CDC_1003 for a mapped column that is missing, CDC_1001 for one whose
 *   type or character set cannot be read. Unmapped columns of such types are not carried.
 */
export function describeShape(
  dataset: TableDataset,
  definitions: readonly ColumnDefinition[],
): TableShape {
  const names = definitions.map(({ name }) => name);
  const projection = projectColumns(dataset.mapping, names);
  if ('missing' in projection) throw missingColumns(dataset, projection.missing, names);
  const fieldOf = new Map(Array.from(projection.columns, ([field, name]) => [name, field]));
  const columns: CarriedColumn[] = [];
  const maxBytes = mappedValueBytes(dataset.mapping);
  for (const definition of definitions) {
    const mappedField = fieldOf.get(definition.name);
    const column = carry(definition);
    if (column)
      columns.push(mappedField === undefined ? column : { ...column, mappedField, maxBytes });
    else if (mappedField !== undefined) throw unreadableColumn(dataset, definition);
  }
  const byName = new Map(columns.map((column) => [column.name, column]));
  const mapped = [...projection.columns].map(([field, name]) => {
    const column = byName.get(name);
    return [field, name, column?.type, ...(column ? cutAt(column) : [])];
  });
  return {
    columns,
    hash: shortHash(columns.map(({ name, type, mappedField }) => [name, type, mappedField])),
    mappedHash: shortHash(mapped),
    keyField: avroFieldName(projection.columns.get(dataset.keyField) ?? ''),
  };
}

/** The shape of a record that carries no row. */
export const emptyShapeHash = shortHash([]);

function carry(definition: ColumnDefinition): CarriedColumn | undefined {
  const { name, charset } = definition;
  const type = normalizeType(definition);
  const kind = canonicalKind(type);
  if (kind === undefined || (charset !== null && !isReadable(charset))) return undefined;
  return { name, type, kind, charset, field: avroFieldName(name), maxBytes: Infinity };
}

const LONG_TYPE = /^(?:(?:medium|long)?blob|varbinary|mediumtext|longtext|json)\b/;
/** Bytes of a TEXT in these are its bytes in UTF-8. */
const AS_LONG_IN_UTF8: ReadonlySet<string | null> = new Set(['utf8mb4', 'utf8mb3', 'ascii']);

/** Where a mapped column's values may be cut: those stored before it were told apart otherwise. */
function cutAt({ type, charset, maxBytes, kind }: CarriedColumn): number[] {
  const isLong = LONG_TYPE.test(type) || (kind === 'text' && !AS_LONG_IN_UTF8.has(charset));
  return isLong || maxBytes < TEXT_BYTES ? [maxBytes] : [];
}

const INTEGERS = /^(?:tiny|small|medium|big)?int$/;

/**
 * One spelling per type, with the attributes that bear on canonical texts: INFORMATION_SCHEMA
 * gives display widths and lengths that TABLE_MAP does not know.
 */
export function normalizeType({ type, charset }: ColumnDefinition): string {
  const bare = type.replace(/\/\*.*?\*\//g, '').trim();
  const [, base = '', inner = '', rest = ''] = /^([a-z0-9]+)(\(.*\))?(.*)$/s.exec(bare) ?? [];
  const unsigned = rest.includes('unsigned') ? ' unsigned' : '';
  if (charset !== null) {
    return base === 'enum' || base === 'set' ? `${base}${inner} ${charset}` : `${base} ${charset}`;
  }
  if (INTEGERS.test(base) || base === 'float' || base === 'double') return base + unsigned;
  if (base === 'year' || base === 'varbinary') return base;
  return base + inner + unsigned;
}

/** Makes the row of a change record from a row's values. */
export type RowReader<T> = (row: T) => RowValues;

/**
 * Compiles a reader for rows that give their values by position.
 *
 * @param read the value at a column's place; null for NULL.
 */
export function createRowReader<Row, Value>(
  shape: TableShape,
  toCanonical: Readonly<Record<CanonicalKind, ToCanonical<Value>>>,
  read: (row: Row, column: CarriedColumn, index: number) => Value | null,
): RowReader<Row> {
  const { columns } = shape;
  const converts = columns.map(({ kind }) => toCanonical[kind]);
  return (row) => {
    const values: Record<string, string | null> = {};
    columns.forEach((column, index) => {
      const value = read(row, column, index);
      const text = value === null ? null : (converts[index]?.(value) ?? null);
      values[column.field] = text === null ? null : carriedText(text, column.maxBytes);
    });
    return values;
  };
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

function missingColumns(
  dataset: TableDataset,
  missing: readonly MappedColumn[],
  present: readonly string[],
): PipelineError {
  const aliases = missing.map(({ field }) => `${field}: [new_name]`).join(', ');
  return new PipelineError(
    'CDC_1003',
    `the table has no column ${missing.map(({ column }) => column).join(', ')}; it has ${present.join(', ')}. ` +
      `If it was renamed, write into careplus.yaml under datasets: ${dataset.name}: ` +
      `aliases: { ${aliases} } and start the reader again; if it was dropped, add it to the table again`,
    { context: { dataset: dataset.name, missing: missing.map(({ column }) => column).join(',') } },
  );
}

function unreadableColumn(dataset: TableDataset, definition: ColumnDefinition): PipelineError {
  const { name, type, charset } = definition;
  const what = charset === null ? type : `${type} character set ${charset}`;
  const cure =
    charset === null
      ? `give it a numeric, time, text or binary type`
      : `ALTER TABLE … MODIFY \`${name}\` ${type} CHARACTER SET utf8mb4`;
  return new PipelineError(
    'CDC_1001',
    `values of the mapped column ${name} (${what}) cannot be read: ${cure}`,
    { context: { dataset: dataset.name, column: name } },
  );
}
