/**
 * How entries stand in the files of a log format. Everything is judged by lines and bytes: text
 * need not be valid UTF-8.
 */

/**
 * What a line means to the framing: `start` an entry begins with it and goes on; `single` it is an
 * entry by itself; `terminator` an entry ends behind it; `glued-terminator` a terminator with the
 * next entry's first line right behind it, as files that end without a line end give it when they
 * are put together; `blank` it belongs to whatever is open; `text` it goes on with the entry.
 */
export type LineKind = 'start' | 'single' | 'terminator' | 'glued-terminator' | 'blank' | 'text';

/**
 * Judges the line `bytes[from … end)`, without its line end.
 *
 * @param complete whether the line ends at `end`; if not, more bytes may follow.
 * @returns undefined when more bytes are needed to tell: what is told does not change as they come.
 */
type LineClassifier = (
  bytes: Buffer,
  from: number,
  end: number,
  complete: boolean,
) => LineKind | undefined;

export interface LogFraming {
  /**
   * The line with which an entry begins; null where every line that is not blank is an entry. It
   * sees the first {@link MAX_FRAMING_LINE} bytes of a line as latin1.
   */
  readonly start: RegExp | null;
  /**
   * The line that ends an entry, whatever blanks follow it; null where the next entry's beginning
   * does. Text behind it belongs to no entry that began before.
   */
  readonly terminator: string | null;
  /** Says of bytes that still come what the two above say of whole lines. */
  readonly classifyLine: LineClassifier;
}

/**
 * Nobody has to keep more of a line to judge it: what is longer is neither blank nor a terminator,
 * whatever it holds.
 */
export const MAX_FRAMING_LINE = 4096;

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const NEWLINE = 0x0a;
const [SPACE, TAB, CR] = [0x20, 0x09, 0x0d];

/** Bytes that may stand at the end of a line without meaning anything. */
export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}

/** Whether `bytes[from … end)` means nothing. */
export function allBlank(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (!isBlank(bytes[at])) return false;
  return true;
}

/** Every line is an entry, as in an access log or in lines of JSON. */
export const lineByLine: LogFraming = {
  start: null,
  terminator: null,
  classifyLine(bytes, from, end, complete) {
    if (end - from > MAX_FRAMING_LINE || !allBlank(bytes, from, end)) return 'single';
    return complete ? 'blank' : undefined;
  },
};

/**
 * Entries of several lines: each begins with a line of a certain look.
 *
 * @param start such as `/^\d{4}-\d{2}-\d{2}T/`; without the flags `g` and `y`, which remember.
 * @param terminator see {@link LogFraming}.
 * @throws {TypeError} for what cannot be one.
 */
export function beginningWith(start: RegExp, terminator: string | null = null): LogFraming {
  if (start.global || start.sticky) throw new TypeError(`${String(start)} remembers where it was`);
  // Its length counts bytes.
  if (terminator !== null && !/^[!-~]([ -~]*[!-~])?$/.test(terminator)) {
    throw new TypeError('a terminator is of ASCII, without blanks around it');
  }
  return {
    start,
    terminator,
    classifyLine(bytes, from, end, complete) {
      const length = end - from;
      if (!complete && length <= MAX_FRAMING_LINE) return undefined;
      const line = bytes.toString('latin1', from, Math.min(end, from + MAX_FRAMING_LINE));
      if (start.test(line)) return 'start';
      if (length <= MAX_FRAMING_LINE && allBlank(bytes, from, end)) return 'blank';
      if (terminator === null || !line.startsWith(terminator)) return 'text';
      const behind = from + terminator.length;
      if (length <= MAX_FRAMING_LINE && allBlank(bytes, behind, end)) return 'terminator';
      const rest = bytes.toString('latin1', behind, Math.min(end, behind + MAX_FRAMING_LINE));
      return start.test(rest) ? 'glued-terminator' : 'text';
    },
  };
}

/** @returns where the entry's own text ends in its bytes: before its terminator line, if it has one. */
export function textEnd({ terminator, classifyLine }: LogFraming, entry: Buffer): number {
  if (terminator === null) return entry.length;
  const end = entry.at(-1) === NEWLINE ? entry.length - 1 : entry.length;
  // An empty search position would be counted from the end.
  const from = end === 0 ? 0 : entry.lastIndexOf(NEWLINE, end - 1) + 1;
  return classifyLine(entry, from, end, true) === 'terminator' ? from : entry.length;
}
