/**
 * The envelope of one change of one table row, in Debezium's words.
 *
 * A record carries one or two *images* (an update has the row before and the row after). Images
 * are numbered densely per (source, epoch); the headers repeat the numbers, so that a record
 * whose bytes cannot be read still leaves a numbered marker and no hole.
 */

/** `c` insert, `u` update, `d` delete, `r` snapshot row, `t` barrier (TRUNCATE or DROP), `e` end of a snapshot. */
export const changeOps = ['c', 'u', 'd', 'r', 't', 'e'] as const;
export type ChangeOp = (typeof changeOps)[number];

/** A row as read: column name to canonical text, `null` for NULL. */
export type RowValues = Readonly<Record<string, string | null>>;

/** Kafka header names of a change record; values are UTF-8 decimal or plain text. */
export const changeHeaders = {
  source: 'careplus-source',
  epoch: 'careplus-epoch',
  /** Number of the record's first image. */
  seq: 'careplus-seq',
  /** 1, or 2 for an update: `seq` is the row before, `seq + 1` the row after. */
  images: 'careplus-images',
  /** The {@link ChangeOp}. */
  kind: 'careplus-kind',
  /** `1` when the record's last image ends its source transaction (for this table), else `0`. */
  transactionEnd: 'careplus-txn-end',
} as const;

/** Where a change stood in the source's binlog: evidence, never identity. */
interface ChangeSource {
  readonly server: string;
  readonly schema: string;
  readonly table: string;
  readonly epoch: number;
  readonly seq: number;
  readonly file: string | null;
  readonly position: number | null;
  /** Running number of the row in its transaction, from 0. */
  readonly row: number | null;
  readonly gtid: string | null;
  /** Commit event's header time, whole seconds as epoch milliseconds. */
  readonly source_time_ms: number;
}

export interface RowChange {
  readonly op: ChangeOp;
  readonly before: RowValues | null;
  readonly after: RowValues | null;
  readonly source: ChangeSource;
  readonly transaction_end: boolean;
  readonly read_at_ms: number;
}

/** A column of the source table as TABLE_MAP tells it. */
export interface ShapeColumn {
  readonly name: string;
  /** Source type with its attributes that change canonical text, such as `int unsigned`. */
  readonly type: string;
  /**
   * The field of the dataset that the column feeds; none for columns that are only carried. It
   * travels in the schema, so that readers need not know under which alias the writer found it.
   */
  readonly mappedField?: string;
}

const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Avro field name of a source column: the column's own name where Avro allows it, else `x_` and
 * the hex of its UTF-8 bytes. The column's true name stands in the field's `column` attribute.
 */
export function avroFieldName(column: string): string {
  return AVRO_NAME.test(column) && !/^x_[0-9a-f]+$/.test(column)
    ? column
    : `x_${Buffer.from(column, 'utf8').toString('hex')}`;
}

interface AvroField {
  readonly name: string;
  readonly type: unknown;
  readonly default?: null;
  readonly column?: string;
  readonly sourceType?: string;
  readonly mappedField?: string;
}

/** The Avro schema of a change of a table with these columns. */
export interface RowChangeAvroSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly fields: readonly AvroField[];
}

/**
 * Builds the writer schema for one table shape.
 *
 * @param shapeHash hash over the columns' names, types and mapped fields. It stands in the record's namespace,
 *   for the Parsing Canonical Form (Avro specification, "Parsing Canonical Form for Schemas")
 *   drops attributes: without it two shapes that differ only in a source type would share a
 *   fingerprint.
 * @param columns in table order; every value travels as canonical text or null.
 */
export function rowChangeSchema(
  shapeHash: string,
  columns: readonly ShapeColumn[],
): RowChangeAvroSchema {
  const row = {
    type: 'record',
    name: 'Row',
    fields: columns.map(({ name, type, mappedField }) => ({
      name: avroFieldName(name),
      type: ['null', 'string'],
      default: null,
      column: name,
      sourceType: type,
      ...(mappedField === undefined ? {} : { mappedField }),
    })),
  };
  const nullable = (type: unknown) => ['null', type];
  return {
    type: 'record',
    name: 'RowChange',
    namespace: `careplus.shape_${shapeHash}`,
    fields: [
      { name: 'op', type: 'string' },
      { name: 'before', type: nullable(row), default: null },
      { name: 'after', type: nullable('Row'), default: null },
      {
        name: 'source',
        type: {
          type: 'record',
          name: 'Source',
          fields: [
            { name: 'server', type: 'string' },
            { name: 'schema', type: 'string' },
            { name: 'table', type: 'string' },
            { name: 'epoch', type: 'long' },
            { name: 'seq', type: 'long' },
            { name: 'file', type: nullable('string'), default: null },
            { name: 'position', type: nullable('long'), default: null },
            { name: 'row', type: nullable('long'), default: null },
            { name: 'gtid', type: nullable('string'), default: null },
            { name: 'source_time_ms', type: 'long' },
          ],
        },
      },
      { name: 'transaction_end', type: 'boolean' },
      { name: 'read_at_ms', type: 'long' },
    ],
  };
}

/** Source id of one table of one server: the key of its numbering, epochs and checkpoints. */
export function sourceId(server: string, schema: string, table: string): string {
  return `${server}.${schema}.${table}`;
}
