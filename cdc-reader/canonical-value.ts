import { mysqlName } from '../runtime/sql/quoting.ts';
import { canonicalJson } from './canonical-json.ts';
import { formatInet4, formatInet6, formatUuid } from './network-types.ts';

/**
 * One text per stored value: the binlog and a SELECT give different forms of the same value, and
 * an image that a snapshot brought must be taken away by the delete that the binlog brings.
 *
 * Numbers are decimal without loss, times as the server prints them (TIMESTAMP in UTC), binary
 * values and bits lower-case hex, NULL is null.
 */
export type CanonicalKind =
  | 'integer'
  | 'decimal'
  | 'float'
  | 'double'
  | 'year'
  | 'bytes'
  | 'char'
  | 'text'
  | 'choice'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'json'
  | 'uuid'
  | 'inet4'
  | 'inet6';

const KINDS: Readonly<Record<string, CanonicalKind>> = {
  ...{ tinyint: 'integer', smallint: 'integer', mediumint: 'integer', int: 'integer' },
  ...{ bigint: 'integer', decimal: 'decimal', float: 'float', double: 'double', year: 'year' },
  ...{ bit: 'bytes', binary: 'bytes', varbinary: 'bytes', tinyblob: 'bytes', blob: 'bytes' },
  ...{ mediumblob: 'bytes', longblob: 'bytes', char: 'char', varchar: 'text', tinytext: 'text' },
  ...{ text: 'text', mediumtext: 'text', longtext: 'text', enum: 'choice', set: 'choice' },
  ...{ date: 'date', datetime: 'date', time: 'time', timestamp: 'timestamp', json: 'json' },
  ...{ uuid: 'uuid', inet4: 'inet4', inet6: 'inet6' },
};

/**
 * @param type a column type in the form of table-shape.ts, such as `decimal(10,2) unsigned`.
 * @returns undefined for types whose values cannot be carried (spatial ones, vectors).
 */
export function canonicalKind(type: string): CanonicalKind | undefined {
  return KINDS[/^[a-z0-9]+/.exec(type)?.[0] ?? ''];
}

/** Makes the canonical text of a value that is not NULL. */
export type ToCanonical<T> = (value: T) => string;

/**
 * From what zongji decodes with `dateStrings: true, timezone: 'Z', jsonStrings: true`. An ENUM's
 * invalid value '' arrives as undefined.
 */
export const fromBinlog: Readonly<Record<CanonicalKind, ToCanonical<unknown>>> = {
  integer: String,
  decimal: (value) => canonicalDecimal(String(value)),
  float: (value) => shortestFloat(Number(value)),
  double: (value) => shortestDouble(Number(value)),
  // YEAR is stored as years since 1900, and 0 stands for 0000: 1900 itself cannot be stored.
  year: (value) => (value === 1900 ? '0000' : String(value)),
  bytes: (value) => (value as Buffer).toString('hex'),
  char: (value) => withoutPadding(value as string),
  text: (value) => value as string,
  choice: (value) => (value as string | undefined) ?? '',
  date: (value) => value as string,
  time: (value) => canonicalTime(value as string),
  timestamp: (value) => canonicalTimestamp(value as string),
  json: (value) => canonicalJson(String(value)),
  uuid: (value) => formatUuid(value as Buffer),
  inet4: (value) => formatInet4(value as Buffer),
  inet6: (value) => formatInet6(value as Buffer),
};

const utf8 = (value: Buffer) => value.toString('utf8');

/** From the bytes of the text protocol, selected as {@link selectExpression} says. */
export const fromSnapshot: Readonly<Record<CanonicalKind, ToCanonical<Buffer>>> = {
  integer: (value) => canonicalDecimal(utf8(value)),
  decimal: (value) => canonicalDecimal(utf8(value)),
  float: (value) => shortestFloat(Number(utf8(value))),
  double: (value) => shortestDouble(Number(utf8(value))),
  year: utf8,
  bytes: (value) => value.toString('hex'),
  char: (value) => withoutPadding(utf8(value)),
  text: utf8,
  choice: utf8,
  date: utf8,
  time: utf8,
  timestamp: utf8,
  json: (value) => canonicalJson(utf8(value)),
  uuid: utf8,
  inet4: utf8,
  inet6: utf8,
};

/**
 * How a snapshot selects a column. The server prints FLOAT with six digits and DOUBLE(m,d) with d
 * decimals; as an expression both come with all the digits that they need.
 */
export function selectExpression(name: string, kind: CanonicalKind): string {
  const quoted = mysqlName(name);
  return kind === 'float' || kind === 'double' ? `${quoted} + 0e0` : quoted;
}

/** Without ZEROFILL's zeros and without the sign of zero. */
function canonicalDecimal(text: string): string {
  const match = /^(-?)0*(\d.*)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', digits = ''] = match;
  return sign === '-' && /[1-9]/.test(digits) ? sign + digits : digits;
}

/** The shortest decimal that is this single-precision number. */
function shortestFloat(value: number): string {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return shortestDouble(shorter);
  }
  return shortestDouble(Number(single.toPrecision(9)));
}

function shortestDouble(value: number): string {
  return String(value === 0 ? 0 : value);
}

/** CHAR is padded with blanks in some places and never shows them. */
function withoutPadding(text: string): string {
  return text.endsWith(' ') ? text.replace(/ +$/, '') : text;
}

const MINUTE_OVERFLOW = /^-(\d+):(\d\d):64/;

/**
 * zongji negates TIME field by field, so at a full minute it prints second 64, and at a full hour
 * minute 63 with it: the carry is made good here.
 */
function canonicalTime(text: string): string {
  const match = MINUTE_OVERFLOW.exec(text);
  if (match === null) return text;
  const [, hours = '', minutes = ''] = match;
  const full = minutes === '63';
  const pad = (value: number) => String(value).padStart(2, '0');
  const carried = `-${pad(Number(hours) + (full ? 1 : 0))}:${pad(full ? 0 : Number(minutes) + 1)}:00`;
  return carried + text.slice(match[0].length);
}

const BEFORE_1970 = /^(1[0-9]{3}-[^ ]+) ([^.]+)/;
const TWO_TO_32_MS = 2 ** 32 * 1000;

/** MariaDB 11.5 counts the seconds of TIMESTAMP without a sign, zongji with one: after 2038 it prints 1901. */
function canonicalTimestamp(text: string): string {
  const match = text < '1970' ? BEFORE_1970.exec(text) : null;
  if (match === null) return text;
  const [whole, date = '', time = ''] = match;
  const shifted = new Date(Date.parse(`${date}T${time}Z`) + TWO_TO_32_MS).toISOString();
  return shifted.slice(0, 19).replace('T', ' ') + text.slice(whole.length);
}
