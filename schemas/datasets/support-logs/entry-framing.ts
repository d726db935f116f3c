/**
 * How entries stand in a log file. An entry begins with its timestamp line
 * (`YYYY-MM-DD HH:MM:SS …`) and ends behind its terminator line `---`, or before the next
 * timestamp line. Everything is judged by bytes: text need not be valid UTF-8.
 */

/** What a line means to the framing; see {@link classifyLine}. */
export type LineKind = 'start' | 'terminator' | 'glued-terminator' | 'blank' | 'text';

/**
 * A line that is longer is text, whatever it holds: nobody has to keep more of a line to judge it.
 * (A terminator or a blank line may have any number of blanks below that.)
 */
export const MAX_FRAMING_LINE = 4096;

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const TERMINATOR_LENGTH = 3;
const TIMESTAMP = '0000-00-00 00:00:00 ';
const [ZERO, NINE, DASH, SPACE, TAB, CR] = [0x30, 0x39, 0x2d, 0x20, 0x09, 0x0d];
const timestampBytes = Buffer.from(TIMESTAMP, 'latin1');

/**
 * Judges the line `bytes[from … end)`, without its line end.
 *
 * `glued-terminator` is a `---` with the next entry's timestamp right behind it, as files that end
 * without a line end give it when they are put together: the entry ends after three bytes.
 *
 * @param complete whether the line ends at `end`; if not, more bytes may follow.
 * @returns undefined when more bytes are needed to tell.
 */
export function classifyLine(
  bytes: Buffer,
  from: number,
  end: number,
  complete: boolean,
): LineKind | undefined {
  const length = end - from;
  const first = bytes[from];
  if (first === undefined || length === 0) return complete ? 'blank' : undefined;
  if (first >= ZERO && first <= NINE) return judge(timestampLength(bytes, from, end), complete);
  if (first === DASH) return classifyDashes(bytes, from, end, complete);
  if (!isBlank(first)) return 'text';
  if (length > MAX_FRAMING_LINE || !allBlank(bytes, from, end)) return 'text';
  return complete ? 'blank' : undefined;
}

function classifyDashes(
  bytes: Buffer,
  from: number,
  end: number,
  complete: boolean,
): LineKind | undefined {
  for (let at = from; at < from + TERMINATOR_LENGTH; at += 1) {
    if (at >= end) return complete ? 'text' : undefined;
    if (bytes[at] !== DASH) return 'text';
  }
  const behind = from + TERMINATOR_LENGTH;
  if (end - from <= MAX_FRAMING_LINE && allBlank(bytes, behind, end)) {
    return complete ? 'terminator' : undefined;
  }
  const kind = judge(timestampLength(bytes, behind, end), complete);
  return kind === 'start' ? 'glued-terminator' : kind;
}

function judge(matched: number | undefined, complete: boolean): LineKind | undefined {
  if (matched === undefined) return 'text';
  if (matched === TIMESTAMP.length) return 'start';
  return complete ? 'text' : undefined;
}

/** @returns how many bytes look like the beginning of a timestamp; undefined if one does not. */
function timestampLength(bytes: Buffer, from: number, end: number): number | undefined {
  const length = Math.min(TIMESTAMP.length, end - from);
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[from + index] ?? 0;
    const wanted = timestampBytes[index] ?? 0;
    if (wanted === ZERO ? byte < ZERO || byte > NINE : byte !== wanted) return undefined;
  }
  return length;
}

function allBlank(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (!isBlank(bytes[at])) return false;
  return true;
}

/** Bytes that may stand at the end of a line without meaning anything. */
export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}

/** Length of the three dashes of a {@link LineKind} `glued-terminator`. */
export const GLUED_TERMINATOR_LENGTH = TERMINATOR_LENGTH;

/**
 * @returns where the entry's own text ends in its bytes: before its terminator line, if it has one.
 */
export function textEnd(entry: Buffer): number {
  const NEWLINE = 0x0a;
  const end = entry.at(-1) === NEWLINE ? entry.length - 1 : entry.length;
  // An empty search position would be counted from the end.
  const from = end === 0 ? 0 : entry.lastIndexOf(NEWLINE, end - 1) + 1;
  return classifyLine(entry, from, end, true) === 'terminator' ? from : entry.length;
}
