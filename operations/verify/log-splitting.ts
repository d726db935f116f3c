import {
  BYTE_ORDER_MARK,
  MAX_FRAMING_LINE,
  type LogFraming,
} from '../../schemas/datasets/log-framing.ts';

/**
 * Cuts a log file into entries, written a second time on purpose: verify must not share the
 * shipper's mistakes. The shipper judges bytes as they come; here a file is read line by line and a
 * line is matched whole.
 */

/** A stretch of a file: an entry, or bytes that belong to none. They follow each other without a gap. */
export interface FilePiece {
  readonly offset: number;
  readonly length: number;
  /** All bytes of an entry, terminator and line end included; null where there is none. */
  readonly entry: Buffer | null;
}

const NEWLINE = 0x0a;
const BLANK = /^[ \t\r]*$/;

/** What a format says of whole lines. */
export type LineLooks = Pick<LogFraming, 'start' | 'terminator'>;

/** @returns the pieces of a file, from its first byte to its last. Holds the largest entry in memory. */
export async function* splitLogFile(
  { start, terminator }: LineLooks,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<FilePiece, void, undefined> {
  let offset = 0;
  let filler = 0;
  let entry: Buffer[] = [];

  const closed = (): FilePiece[] => {
    const pieces: FilePiece[] = [];
    if (filler > 0) pieces.push({ offset, length: filler, entry: null });
    offset += filler;
    filler = 0;
    if (entry.length > 0) {
      const bytes = Buffer.concat(entry);
      pieces.push({ offset, length: bytes.length, entry: bytes });
      offset += bytes.length;
      entry = [];
    }
    return pieces;
  };
  const begins = (text: string) => start?.test(text.slice(0, MAX_FRAMING_LINE)) ?? false;
  const take = (line: Buffer): FilePiece[] => {
    const text = withoutLineEnd(line).toString('latin1');
    if (begins(text)) {
      const pieces = closed();
      entry = [line];
      return pieces;
    }
    const mayBeEmpty = text.length <= MAX_FRAMING_LINE;
    if (terminator !== null && text.startsWith(terminator)) {
      const { length } = terminator;
      const rest = text.slice(length);
      // Files that end without a line end and were put together.
      if (begins(rest)) {
        return [...takeTerminator(line.subarray(0, length)), ...take(line.subarray(length))];
      }
      if (mayBeEmpty && BLANK.test(rest)) return takeTerminator(line);
    }
    if (start === null) {
      if (mayBeEmpty && BLANK.test(text)) return takeTerminator(line);
      const pieces = closed();
      entry = [line];
      return [...pieces, ...closed()];
    }
    if (entry.length === 0 && mayBeEmpty && BLANK.test(text)) {
      filler += line.length;
      return [];
    }
    const pieces = entry.length === 0 ? closed() : [];
    entry.push(line);
    return pieces;
  };
  const takeTerminator = (line: Buffer): FilePiece[] => {
    if (entry.length === 0) {
      filler += line.length;
      return [];
    }
    entry.push(line);
    return closed();
  };

  let first = true;
  for await (const line of linesOf(chunks)) {
    let rest = line;
    const { length } = BYTE_ORDER_MARK;
    if (first && line.subarray(0, length).equals(BYTE_ORDER_MARK)) {
      filler = length;
      rest = line.subarray(length);
    }
    first = false;
    if (rest.length > 0) yield* take(rest);
  }
  yield* closed();
}

/** Lines with their line ends; the last one may have none. */
async function* linesOf(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const part = chunk.subarray(from, at + 1);
      yield begun.length === 0 ? part : Buffer.concat([...begun, part]);
      begun = [];
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}

function withoutLineEnd(line: Buffer): Buffer {
  return line.at(-1) === NEWLINE ? line.subarray(0, -1) : line;
}
