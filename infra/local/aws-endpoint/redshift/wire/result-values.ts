/** One value on the wire (API reference, `Field`). */
export type Field =
  | { readonly isNull: true }
  | { readonly booleanValue: boolean }
  | { readonly longValue: number }
  | { readonly doubleValue: number | string }
  | { readonly stringValue: string };

/** API reference, `ColumnMetadata`. */
export interface ColumnMetadata {
  readonly name: string;
  readonly label: string;
  readonly typeName: string;
  readonly nullable: number;
  readonly precision: number;
  readonly scale: number;
  readonly length: number;
  readonly isSigned: boolean;
  readonly isCaseSensitive: boolean;
  readonly isCurrency: boolean;
  readonly schemaName: string;
  readonly tableName: string;
}

/** A column of PostgreSQL's row description. */
export interface PostgresColumn {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

const MAX_DIGITS = 38;

interface TypeRule {
  readonly typeName: string;
  readonly precision: number;
  readonly encode: (text: string) => Field;
}

const asText = (text: string): Field => ({ stringValue: text });
/** @throws {RangeError} above 38 digits before the point (r_Numeric_types201). */
const asDecimal = (text: string): Field => {
  if (text.length > MAX_DIGITS && /^-?\d{39}/.test(text)) {
    throw new RangeError('Numeric data overflow (result precision)');
  }
  return { stringValue: text };
};
/** Above 2^53 it is rounded, as the SDK's reader does with AWS's answers. */
const asLong = (text: string): Field => ({ longValue: Number(text) });
const asBoolean = (text: string): Field => ({ booleanValue: text === 't' });
/** JSON has no NaN and no infinity; the SDK reads them as texts. */
const asDouble = (text: string): Field => ({
  doubleValue: Number.isFinite(Number(text)) ? Number(text) : text,
});

const rule = (typeName: string, precision: number, encode: TypeRule['encode']): TypeRule => ({
  typeName,
  precision,
  encode,
});

/** By PostgreSQL's type oid. DECIMAL, DATE and TIMESTAMP travel as texts. */
const typeRules: ReadonlyMap<number, TypeRule> = new Map([
  [16, rule('bool', 1, asBoolean)],
  [20, rule('int8', 19, asLong)],
  [21, rule('int2', 5, asLong)],
  [23, rule('int4', 10, asLong)],
  [25, rule('varchar', 65_535, asText)],
  [700, rule('float4', 8, asDouble)],
  [701, rule('float8', 17, asDouble)],
  [1042, rule('bpchar', 256, asText)],
  [1043, rule('varchar', 65_535, asText)],
  [1082, rule('date', 13, asText)],
  [1114, rule('timestamp', 29, asText)],
  [1184, rule('timestamptz', 35, asText)],
  [1186, rule('interval', 49, asText)],
  [1700, rule('numeric', MAX_DIGITS, asDecimal)],
]);
const otherType = rule('varchar', 65_535, asText);

const signedTypes = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']);

/** PostgreSQL adds this header to the length in a type modifier. */
const MODIFIER_HEADER = 4;

export function columnMetadata(column: PostgresColumn): ColumnMetadata {
  const { typeName, precision } = typeRules.get(column.dataTypeID) ?? otherType;
  const modifier = column.dataTypeModifier - MODIFIER_HEADER;
  const isDecimal = typeName === 'numeric' && column.dataTypeModifier !== -1;
  const isText = (typeName === 'varchar' || typeName === 'bpchar') && modifier > 0;
  const width = isText ? modifier : precision;
  return {
    name: column.name,
    label: column.name,
    typeName,
    nullable: 1,
    precision: isDecimal ? modifier >> 16 : width,
    scale: isDecimal ? modifier & 0xffff : 0,
    length: isText ? modifier : 0,
    isSigned: signedTypes.has(typeName),
    isCaseSensitive: typeName === 'varchar' || typeName === 'bpchar',
    isCurrency: false,
    schemaName: '',
    tableName: '',
  };
}

/** How a column's values, texts of PostgreSQL's or null, go on the wire. */
export function fieldEncoder(column: PostgresColumn): (text: string | null) => Field {
  const { encode } = typeRules.get(column.dataTypeID) ?? otherType;
  return (text) => (text === null ? { isNull: true } : encode(text));
}
