import type { ClientBase } from 'pg';
import { quoteName, quoteQualified, type QualifiedName } from '../dialect/token-cursor.ts';
import { CopyError } from './copy-error.ts';

/** A column of the table that COPY fills. */
export interface TargetColumn {
  readonly name: string;
  /** Type in Amazon Redshift's words, such as `VARCHAR(64)`. */
  readonly type: string;
  /** How its Parquet column must look: the physical type, and the annotation when it counts. */
  readonly accepts: (column: ParquetColumn) => boolean;
  /** Longest text in bytes. */
  readonly maxBytes: number | undefined;
}

/** A leaf column of a Parquet file's schema, as DuckDB's parquet_schema tells it. */
export interface ParquetColumn {
  readonly name: string;
  readonly physicalType: string;
  /** Converted type, such as `UTF8`; undefined for a bare physical type. */
  readonly annotation: string | undefined;
  readonly isTimestamp: boolean;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
  readonly isNested: boolean;
}

const oid = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  numeric: 1700,
} as const;

/** PostgreSQL adds this header to the length in a type modifier. */
const MODIFIER_HEADER = 4;

const bare =
  (physicalType: string, ...annotations: readonly string[]) =>
  (column: ParquetColumn): boolean =>
    column.physicalType === physicalType &&
    (column.annotation === undefined || annotations.includes(column.annotation));

const annotated =
  (physicalType: string, annotation: string) =>
  (column: ParquetColumn): boolean =>
    column.physicalType === physicalType && column.annotation === annotation;

/** Types must fit exactly: no widening (copy-usage_notes-copy-from-columnar). */
function columnOf(name: string, type: number, modifier: number): TargetColumn | undefined {
  const plain = (typeName: string, accepts: TargetColumn['accepts']): TargetColumn => ({
    name,
    type: typeName,
    accepts,
    maxBytes: undefined,
  });
  switch (type) {
    case oid.bool:
      return plain('BOOLEAN', bare('BOOLEAN'));
    case oid.int2:
      return plain('SMALLINT', annotated('INT32', 'INT_16'));
    case oid.int4:
      return plain('INTEGER', bare('INT32', 'INT_32'));
    case oid.int8:
      return plain('BIGINT', (column) => bare('INT64', 'INT_64')(column) && !column.isTimestamp);
    case oid.float4:
      return plain('REAL', bare('FLOAT'));
    case oid.float8:
      return plain('DOUBLE PRECISION', bare('DOUBLE'));
    case oid.date:
      return plain('DATE', annotated('INT32', 'DATE'));
    case oid.timestamp:
      return plain('TIMESTAMP', (column) => column.physicalType === 'INT96' || column.isTimestamp);
    case oid.numeric: {
      const precision = (modifier - MODIFIER_HEADER) >> 16;
      const scale = (modifier - MODIFIER_HEADER) & 0xffff;
      return plain(
        `DECIMAL(${precision},${scale})`,
        (column) =>
          column.annotation === 'DECIMAL' &&
          column.precision === precision &&
          column.scale === scale,
      );
    }
    case oid.varchar:
    case oid.bpchar:
    case oid.text: {
      const maxBytes = modifier === -1 ? undefined : modifier - MODIFIER_HEADER;
      const typeName = type === oid.bpchar ? 'CHAR' : 'VARCHAR';
      const width = maxBytes === undefined ? '' : `(${maxBytes})`;
      return { name, type: typeName + width, accepts: annotated('BYTE_ARRAY', 'UTF8'), maxBytes };
    }
    default:
      return undefined;
  }
}

/**
 * The columns that COPY fills, in their order: the table's, or those that are named.
 *
 * @throws {CopyError} when the table or a column does not exist.
 */
export async function targetColumns(
  client: ClientBase,
  table: QualifiedName,
  names: readonly string[] | undefined,
): Promise<readonly TargetColumn[]> {
  const { rows } = await client.query<{ name: string; type: number; modifier: number }>(
    `SELECT attname::text AS name, atttypid::integer AS type, atttypmod AS modifier
     FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
     ORDER BY attnum`,
    [quoteQualified(table)],
  );
  const shown = table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
  if (rows.length === 0) throw new CopyError(`relation "${shown}" does not exist`);
  const chosen = names
    ? names.map((name) => {
        const row = rows.find((candidate) => candidate.name === name);
        if (row) return row;
        throw new CopyError(`column ${quoteName(name)} of relation "${shown}" does not exist`);
      })
    : rows;
  return chosen.map(({ name, type, modifier }) => {
    const column = columnOf(name, type, modifier);
    if (column) return column;
    throw new CopyError(`column ${quoteName(name)} has a type that COPY from Parquet cannot fill`);
  });
}
