/** The prefix is none that Firehose takes. */
export class PrefixError extends Error {}

type TimestampField =
  { readonly literal: string } | { readonly letter: keyof typeof fields; readonly width: number };

type PrefixPart =
  | { readonly literal: string }
  | { readonly timestamp: readonly TimestampField[] }
  | { readonly firehose: 'error-output-type' | 'random-string' };

/** A prefix, taken apart. */
export type PrefixTemplate = readonly PrefixPart[];

export interface PrefixValues {
  /** Arrival of the oldest record in the object, epoch ms; evaluated in UTC. */
  readonly arrivalMs: number;
  readonly errorOutputType?: string;
  /** Gives the next 11 characters for `!{firehose:random-string}`. */
  readonly randomString: () => string;
}

const EXPRESSION = /!\{([^:{}]*):([^{}]*)\}/y;

/**
 * Takes a custom prefix apart: `!{timestamp:<Java DateTimeFormatter pattern>}`,
 * `!{firehose:error-output-type}`, `!{firehose:random-string}`, and text between.
 * Protocol: Firehose developer guide, "Understand custom prefixes for Amazon S3 objects".
 *
 * @throws {PrefixError} for other namespaces, and for pattern letters that are not served here.
 */
export function parsePrefix(text: string): PrefixTemplate {
  const parts: PrefixPart[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('!{', at);
    if (start !== at) parts.push({ literal: text.slice(at, start === -1 ? undefined : start) });
    if (start === -1) break;
    EXPRESSION.lastIndex = start;
    const [whole, namespace, value] = EXPRESSION.exec(text) ?? [];
    if (whole === undefined || value === undefined) {
      throw new PrefixError(`Malformed expression at "${text.slice(start)}"`);
    }
    parts.push(parseExpression(whole, namespace, value));
    at = start + whole.length;
  }
  return parts;
}

export function hasExpressions(template: PrefixTemplate): boolean {
  return template.some((part) => !('literal' in part));
}

export function hasTimestamp(template: PrefixTemplate): boolean {
  return template.some((part) => 'timestamp' in part);
}

export function hasErrorOutputType(template: PrefixTemplate): boolean {
  return template.some((part) => 'firehose' in part && part.firehose === 'error-output-type');
}

/** Evaluates a prefix. All timestamps in it are of one instant. */
export function evaluatePrefix(template: PrefixTemplate, values: PrefixValues): string {
  return template
    .map((part) => {
      if ('literal' in part) return part.literal;
      if ('timestamp' in part) return formatUtc(part.timestamp, values.arrivalMs);
      return part.firehose === 'random-string'
        ? values.randomString()
        : (values.errorOutputType ?? '');
    })
    .join('');
}

function parseExpression(whole: string, namespace: string | undefined, value: string): PrefixPart {
  if (namespace === 'timestamp') return { timestamp: parsePattern(value) };
  if (namespace === 'firehose' && (value === 'error-output-type' || value === 'random-string')) {
    return { firehose: value };
  }
  throw new PrefixError(`The expression ${whole} is not supported without dynamic partitioning`);
}

/** Parts of a UTC date, by the letter of Java's DateTimeFormatter. */
const fields = {
  y: (date: Date) => date.getUTCFullYear(),
  u: (date: Date) => date.getUTCFullYear(),
  M: (date: Date) => date.getUTCMonth() + 1,
  d: (date: Date) => date.getUTCDate(),
  H: (date: Date) => date.getUTCHours(),
  m: (date: Date) => date.getUTCMinutes(),
  s: (date: Date) => date.getUTCSeconds(),
};

const PATTERN_TOKEN = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z'{}#[\]]+/y;

function parsePattern(pattern: string): readonly TimestampField[] {
  const parsed: TimestampField[] = [];
  for (let at = 0; at < pattern.length; at = PATTERN_TOKEN.lastIndex) {
    PATTERN_TOKEN.lastIndex = at;
    const match = PATTERN_TOKEN.exec(pattern);
    if (match === null) throw new PrefixError(`Invalid timestamp pattern "${pattern}"`);
    const [token, quoted, letter] = match;
    if (quoted !== undefined) {
      parsed.push({ literal: quoted === '' ? "'" : quoted.replaceAll("''", "'") });
    } else if (letter === undefined) {
      parsed.push({ literal: token });
    } else {
      parsed.push(parseLetters(pattern, letter, token.length));
    }
  }
  return parsed;
}

function parseLetters(pattern: string, letter: string, width: number): TimestampField {
  const isYear = letter === 'y' || letter === 'u';
  if (!isLetter(letter) || (isYear ? ![1, 2, 4].includes(width) : width > 2)) {
    throw new PrefixError(
      `"${letter.repeat(width)}" in the timestamp pattern "${pattern}" is not served by the local ` +
        'endpoint (a calendar year is yyyy, a day of the month dd, an hour of the day HH)',
    );
  }
  return { letter, width };
}

function isLetter(letter: string): letter is keyof typeof fields {
  return letter in fields;
}

function formatUtc(pattern: readonly TimestampField[], ms: number): string {
  const date = new Date(ms);
  return pattern
    .map((field) => {
      if ('literal' in field) return field.literal;
      const digits = String(fields[field.letter](date)).padStart(field.width, '0');
      return field.width === 2 ? digits.slice(-2) : digits;
    })
    .join('');
}
