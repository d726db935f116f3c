import { PipelineError } from '../../runtime/pipeline-error.ts';

/** A column as information_schema tells it, in lower case. */
export interface SourceColumn {
  readonly name: string;
  /** Such as `decimal`. */
  readonly dataType: string;
  /** Such as `decimal(10,2) unsigned`. */
  readonly columnType: string;
}

/** How a column's values become the canonical texts of the pipeline. */
export interface CanonicalColumn {
  /** What to select. */
  readonly sql: string;
  /** What remains to be done with the text that the server sends. */
  readonly convert?: (text: string) => string;
}

type Canonical = (quotedName: string, column: SourceColumn) => CanonicalColumn;

const asPrinted: Canonical = (name) => ({ sql: name });
/** As an expression a number has no ZEROFILL. */
const asNumber: Canonical = (name) => ({ sql: `${name} + 0` });
const asHex: Canonical = (name) => ({ sql: `LOWER(HEX(${name}))` });

/**
 * Canonical texts, by the server itself wherever it can: numbers in decimal without loss, times as
 * printed (TIMESTAMP in UTC), binary values and bits in lower-case hex. This is the contract of
 * change records, written a second time on purpose: verify must not share the reader's mistakes.
 */
const byType: Readonly<Record<string, Canonical>> = {
  ...{ tinyint: asNumber, smallint: asNumber, mediumint: asNumber, int: asNumber },
  ...{ bigint: asNumber, decimal: asNumber },
  // The server prints FLOAT with six digits, but a double with all that it needs.
  float: (name) => ({ sql: `${name} + 0e0`, convert: shortestFloat }),
  double: (name) => ({ sql: `${name} + 0e0`, convert: (text) => shortestDouble(Number(text)) }),
  bit: (name, { columnType }) => ({
    sql: `LPAD(LOWER(HEX(${name} + 0)), ${2 * Math.ceil(bitWidth(columnType) / 8)}, '0')`,
  }),
  ...{ binary: asHex, varbinary: asHex },
  ...{ tinyblob: asHex, blob: asHex, mediumblob: asHex, longblob: asHex },
  ...{ char: asPrinted, varchar: asPrinted, enum: asPrinted, set: asPrinted },
  ...{ tinytext: asPrinted, text: asPrinted, mediumtext: asPrinted, longtext: asPrinted },
  ...{ date: asPrinted, datetime: asPrinted, time: asPrinted, timestamp: asPrinted },
  ...{ year: asPrinted, uuid: asPrinted, inet4: asPrinted, inet6: asPrinted },
  json: (name) => ({ sql: name, convert: compactJson }),
};

/** @throws {PipelineError} CDC_1003 for a type that the pipeline does not carry. */
export function canonicalColumn(column: SourceColumn, quotedName: string): CanonicalColumn {
  const canonical = Object.hasOwn(byType, column.dataType) ? byType[column.dataType] : undefined;
  if (canonical) return canonical(quotedName, column);
  throw new PipelineError(
    'CDC_1003',
    `the mapped column ${column.name} is ${column.columnType}, which cannot be carried`,
  );
}

function bitWidth(columnType: string): number {
  return Number(/^bit\((\d+)\)/.exec(columnType)?.[1] ?? 1);
}

function shortestDouble(value: number): string {
  return value === 0 ? '0' : String(value);
}

/** The shortest decimal that is this single-precision number. */
function shortestFloat(text: string): string {
  const single = Math.fround(Number(text));
  const candidates = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digits) =>
    Number(single.toPrecision(digits)),
  );
  return shortestDouble(candidates.find((value) => Math.fround(value) === single) ?? single);
}

/**
 * MySQL prints JSON with blanks and escapes of its own: here it has no blanks between tokens, the
 * escapes of JSON.stringify, and the shortest form of every number with a fraction or an exponent.
 */
function compactJson(text: string): string {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[^\s",:[\]{}]+|[,:[\]{}]/g) ?? [];
  const canonical = tokens.map((token) => {
    if (token.startsWith('"')) return JSON.stringify(JSON.parse(token));
    return /^-?\d+[.eE]/.test(token) ? shortestDouble(Number(token)) : token;
  });
  return canonical.join('');
}
