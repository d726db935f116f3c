import {
  allBlank,
  isBlank,
  MAX_FRAMING_LINE,
  type LineKind,
  type LogFraming,
} from '../log-framing.ts';

const TERMINATOR = '---';
const TIMESTAMP = '0000-00-00 00:00:00 ';
const [ZERO, NINE, DASH] = [0x30, 0x39, 0x2d];
const timestampBytes = Buffer.from(TIMESTAMP, 'latin1');

/**
 * An entry begins with its timestamp line (`YYYY-MM-DD HH:MM:SS …`) and ends behind its terminator
 * line `---`, or before the next timestamp line.
 */
export const framing: LogFraming = {
  start: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} /,
  terminator: TERMINATOR,
  classifyLine,
};

/** By the first byte that tells: these files are the bulk of what is shipped. */
function classifyLine(
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
  for (let at = from; at < from + TERMINATOR.length; at += 1) {
    if (at >= end) return complete ? 'text' : undefined;
    if (bytes[at] !== DASH) return 'text';
  }
  const behind = from + TERMINATOR.length;
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
