import { isUtf8 } from 'node:buffer';
import type { GlueType, LakeColumn } from '../../../../schemas/lake-column.ts';

/** Why a record cannot be converted, in the words of Firehose's error objects. */
export interface ConversionFailure {
  readonly code: 'DataFormatConversion.ParseError' | 'DataFormatConversion.MalformedData';
  readonly message: string;
}

/** One text or NULL for each column, in the order of the Glue table. */
type ConvertedRow = readonly (string | null)[];

export type Conversion = { readonly row: ConvertedRow } | { readonly failure: ConversionFailure };

/** A value does not fit its column's type. */
class MalformedValue extends Error {}

/** Digits of a number that a JavaScript number may not hold exactly. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): number {
    return Number(this.text);
  }
}

/** Where a number of so many digits may stand; to find one inside a text only costs time. */
const LONG_NUMBER = /[:,[]\s*-?\d{16}/;

/**
 * Compiles the conversion of JSON records by the rules of the OpenX JSON SerDe as Firehose runs it:
 * one JSON object a record; keys are lower-cased before they are matched and the first match wins;
 * a missing key or null is NULL; an unknown key is dropped; numbers, booleans and nested values
 * become text in a string column; numeric texts fit numeric columns; what does not fit fails this
 * record alone.
 * Protocol: Firehose developer guide, "Convert input data format"; "Handling errors for data format
 * conversion".
 */
export function compileConversion(columns: readonly LakeColumn[]): (record: Buffer) => Conversion {
  const positions = new Map(columns.map(({ name }, index) => [name.toLowerCase(), index]));
  return (record) => {
    if (!isUtf8(record)) return parseError('The record is not valid UTF-8');
    const text = record.toString('utf8');
    if (text.trim() === '') {
      return malformedData('The record was empty or contained only whitespace.');
    }
    let document: unknown;
    try {
      document = parse(text);
    } catch (error) {
      return parseError(error instanceof Error ? error.message : String(error));
    }
    if (!isJsonObject(document)) return parseError('A JSONObject text must begin with {');
    const row: (string | null)[] = Array.from(columns, () => null);
    const seen = new Set<number>();
    try {
      for (const key of Object.keys(document)) {
        const position = positions.get(key) ?? positions.get(key.toLowerCase());
        const column = position === undefined ? undefined : columns[position];
        if (position === undefined || column === undefined || seen.has(position)) continue;
        seen.add(position);
        row[position] = convertValue(document[key], column.glueType);
      }
    } catch (error) {
      if (!(error instanceof MalformedValue)) throw error;
      return malformedData(`Data does not match the schema. ${error.message}`);
    }
    return { row };
  };
}

function parseError(message: string): Conversion {
  return {
    failure: {
      code: 'DataFormatConversion.ParseError',
      message: `Encountered malformed JSON. ${message}`,
    },
  };
}

function malformedData(message: string): Conversion {
  return { failure: { code: 'DataFormatConversion.MalformedData', message } };
}

/** Parses JSON; numbers with many digits keep their text, at the price of a slower parse. */
function parse(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined
      ? new NumberText(context.source)
      : value,
  );
}

function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberText)
  );
}

function convertValue(value: unknown, type: GlueType): string | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'string':
      return toText(value).toWellFormed();
    case 'int':
      return toInteger(value, int32);
    case 'bigint':
      return toInteger(value, int64);
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof NumberText) return value.text;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(lowerKeys(value));
}

function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]),
  );
}

interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
  /** Numbers that are exact and within the range. */
  readonly holds: (value: number) => boolean;
}

const int32: IntegerType = {
  min: -(2n ** 31n),
  max: 2n ** 31n - 1n,
  holds: (value) => (value | 0) === value,
};

const int64: IntegerType = {
  min: -(2n ** 63n),
  max: 2n ** 63n - 1n,
  holds: Number.isSafeInteger,
};

/** More digits are out of every range; not to be given to BigInt, whose time grows with them. */
const MAX_DIGITS = 20;

function toInteger(value: unknown, type: IntegerType): string {
  if (typeof value === 'number' && type.holds(value)) return String(value);
  if (typeof value === 'string' || value instanceof NumberText) {
    const text = typeof value === 'string' ? value : value.text;
    const [, sign = '', digits] = /^([+-]?)0*(\d+)$/.exec(text) ?? [];
    if (digits !== undefined && digits.length <= MAX_DIGITS) {
      const exact = BigInt(`${sign === '-' ? '-' : ''}${digits}`);
      if (exact >= type.min && exact <= type.max) return String(exact);
    }
  }
  throw new MalformedValue(`For input string: "${toText(value)}"`);
}
