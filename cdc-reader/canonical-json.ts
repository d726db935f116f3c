/** A number of a JSON text, by its digits: integers beyond 2^53 stay exact. */
class JsonNumber {
  readonly text: string;

  constructor(value: number, source: string) {
    this.text = /^-?\d+$/.test(source) ? source : String(value);
  }
}

type JsonValue = string | boolean | null | JsonNumber | readonly JsonValue[] | JsonObject;
interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** The third argument is newer than TypeScript's own declaration (ECMAScript 2026). */
type Reviver = (key: string, value: unknown) => unknown;

const keepDigits = (_: string, value: unknown, { source }: { readonly source: string }) =>
  typeof value === 'number' ? new JsonNumber(value, source) : value;

/**
 * One text per JSON value. MySQL stores JSON in binary; what a SELECT prints and what zongji makes
 * of the binlog differ in blanks, escapes, digits and the order of keys.
 */
export function canonicalJson(text: string): string {
  return print(JSON.parse(text, keepDigits as Reviver) as JsonValue);
}

function print(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(print).join(',')}]`;
  const members = Object.entries(value)
    .filter(([key]) => key !== LOST_KEY)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(',')}}`;
}

/** zongji loses a member of this name: it counts for nothing in a snapshot either. */
const LOST_KEY = '__proto__';

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
