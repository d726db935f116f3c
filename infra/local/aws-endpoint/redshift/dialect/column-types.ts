import type { TokenCursor } from './token-cursor.ts';

/** A data type of Amazon Redshift, as PostgreSQL is to get it. */
export interface ColumnType {
  readonly text: string;
  /** Longest text in bytes; PostgreSQL counts characters. */
  readonly maxBytes: number | undefined;
}

/** Widest VARCHAR and CHAR (r_Character_types). */
const MAX_VARCHAR_BYTES = 65_535;
const MAX_CHAR_BYTES = 4_096;
/** What VARCHAR and TEXT without a length mean (r_Character_types). */
const DEFAULT_VARCHAR_BYTES = 256;
const MAX_PRECISION = 38;
const MAX_SCALE = 37;
/** What DECIMAL without arguments means (r_Numeric_types201). */
const DEFAULT_PRECISION = 18;

const plainTypes: Readonly<Record<string, string>> = {
  smallint: 'SMALLINT',
  int2: 'SMALLINT',
  integer: 'INTEGER',
  int: 'INTEGER',
  int4: 'INTEGER',
  bigint: 'BIGINT',
  int8: 'BIGINT',
  real: 'REAL',
  float4: 'REAL',
  float: 'DOUBLE PRECISION',
  float8: 'DOUBLE PRECISION',
  boolean: 'BOOLEAN',
  bool: 'BOOLEAN',
  date: 'DATE',
  timestamptz: 'TIMESTAMPTZ',
};

const varcharNames = new Set(['varchar', 'nvarchar', 'text']);
const charNames = new Set(['char', 'character', 'nchar', 'bpchar']);
const decimalNames = new Set(['decimal', 'numeric']);

/** Types that Amazon Redshift has and this endpoint does not play. */
const unsupportedTypes = new Set([
  'super',
  'varbyte',
  'varbinary',
  'geometry',
  'geography',
  'hllsketch',
  'time',
  'timetz',
  'interval',
]);

/** Reads a data type (c_Supported_data_types) and puts PostgreSQL's name in its place. */
export function columnType(cursor: TokenCursor): ColumnType {
  const from = cursor.position;
  const type = readType(cursor);
  cursor.replace(from, cursor.position, type.text);
  if (cursor.isOperator('[')) cursor.refuse('arrays (c_unsupported-postgresql-features)');
  return type;
}

function readType(cursor: TokenCursor): ColumnType {
  const token = cursor.peek();
  const word = token.kind === 'word' ? token.value : '';
  const plain = plainTypes[word];
  if (plain !== undefined) {
    cursor.next();
    return { text: plain, maxBytes: undefined };
  }
  if (word === 'double') {
    cursor.expectWord('double', 'precision');
    return { text: 'DOUBLE PRECISION', maxBytes: undefined };
  }
  if (word === 'timestamp') {
    cursor.next();
    const zoned = cursor.takeWord('with', 'time', 'zone');
    if (!zoned) cursor.takeWord('without', 'time', 'zone');
    return { text: zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP', maxBytes: undefined };
  }
  if (decimalNames.has(word)) return decimal(cursor);
  if (varcharNames.has(word)) {
    cursor.next();
    return varchar(cursor, word === 'text');
  }
  if (charNames.has(word)) {
    cursor.next();
    if (cursor.takeWord('varying')) return varchar(cursor, false);
    return char(cursor, word === 'bpchar');
  }
  if (unsupportedTypes.has(word)) cursor.refuse('data type', 'local-endpoint');
  return cursor.refuse('unknown data type (c_unsupported-postgresql-datatypes)');
}

function decimal(cursor: TokenCursor): ColumnType {
  cursor.next();
  let precision = DEFAULT_PRECISION;
  let scale = 0;
  if (cursor.takeOperator('(')) {
    precision = cursor.expectNumber('the precision');
    if (cursor.takeOperator(',')) scale = cursor.expectNumber('the scale');
    if (precision < 1 || precision > MAX_PRECISION) cursor.refuse('precision is 1 to 38');
    if (scale > Math.min(precision, MAX_SCALE)) cursor.refuse('scale is 0 to the precision');
    cursor.expectOperator(')');
  }
  return { text: `DECIMAL(${precision},${scale})`, maxBytes: undefined };
}

function varchar(cursor: TokenCursor, fixed: boolean): ColumnType {
  let bytes = DEFAULT_VARCHAR_BYTES;
  if (!fixed && cursor.takeOperator('(')) {
    bytes = cursor.takeWord('max') ? MAX_VARCHAR_BYTES : cursor.expectNumber('the length');
    if (bytes < 1 || bytes > MAX_VARCHAR_BYTES) cursor.refuse('length is 1 to 65535');
    cursor.expectOperator(')');
  }
  return { text: `VARCHAR(${bytes})`, maxBytes: bytes };
}

function char(cursor: TokenCursor, fixed: boolean): ColumnType {
  let bytes = fixed ? DEFAULT_VARCHAR_BYTES : 1;
  if (!fixed && cursor.takeOperator('(')) {
    bytes = cursor.expectNumber('the length');
    if (bytes < 1 || bytes > MAX_CHAR_BYTES) cursor.refuse('length is 1 to 4096');
    cursor.expectOperator(')');
  }
  return { text: `CHAR(${bytes})`, maxBytes: bytes };
}
