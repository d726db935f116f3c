import { createHash, type Hash } from 'node:crypto';
import { isBlank, textEnd, type LogFraming } from './datasets/log-framing.ts';

const ID_LENGTH = 32;
const NEWLINE = 0x0a;
const NEWLINES = Buffer.alloc(4096, NEWLINE);

/** Identity of one entry, by pieces of its text. */
export interface LogEntryIdHash {
  /** The next bytes of the entry, its terminator line left out. */
  update(bytes: Buffer): void;
  /** @returns 32 hex digits; nothing may be added afterwards. */
  digest(): string;
}

/**
 * Identity of a log entry: SHA-256 over the host, NUL, and the entry's bytes without its terminator
 * line, without blanks and CR at the ends of lines and without line ends at its own end. So the
 * same entry has the same id whether its file has CRLF, lacks a terminator or ends without a line
 * end.
 *
 * @param entry all bytes of the entry as they stand in the file.
 * @returns 32 hex digits.
 */
export function logEntryId(framing: LogFraming, host: string, entry: Buffer): string {
  const hash = createLogEntryId(host);
  hash.update(entry.subarray(0, textEnd(framing, entry)));
  return hash.digest();
}

/** {@link logEntryId} for an entry that is too large to be held: takes it in pieces of any size. */
export function createLogEntryId(host: string): LogEntryIdHash {
  let hash = createHash('sha256').update(host, 'utf8').update('\0');
  /** Line ends that count only if text follows. */
  let lineEnds = 0;
  /** As it was before the blanks that the bytes so far end with; they count only if text follows. */
  let beforeBlanks: { readonly hash: Hash; readonly lineEnds: number } | undefined;

  function add(bytes: Buffer): void {
    for (; lineEnds > 0; lineEnds -= Math.min(lineEnds, NEWLINES.length)) {
      hash.update(NEWLINES.subarray(0, Math.min(lineEnds, NEWLINES.length)));
    }
    hash.update(bytes);
  }

  function forgetBlanks(): void {
    if (beforeBlanks) ({ hash, lineEnds } = beforeBlanks);
    beforeBlanks = undefined;
  }

  /** Part of a line; `ends` tells that a line end follows. */
  function addLine(bytes: Buffer, ends: boolean): void {
    let end = bytes.length;
    while (end > 0 && isBlank(bytes[end - 1])) end -= 1;
    if (end > 0) {
      beforeBlanks = undefined;
      add(bytes.subarray(0, end));
    }
    if (ends) {
      forgetBlanks();
      lineEnds += 1;
    } else if (end < bytes.length) {
      beforeBlanks ??= { hash: hash.copy(), lineEnds };
      add(bytes.subarray(end));
    }
  }

  return {
    update(bytes) {
      let from = 0;
      if (beforeBlanks === undefined) {
        // Most entries have nothing to leave out but line ends at their end.
        const end = plainEnd(bytes);
        if (end > 0) add(bytes.subarray(0, end));
        from = end;
      }
      while (from < bytes.length) {
        const at = bytes.indexOf(NEWLINE, from);
        addLine(bytes.subarray(from, at < 0 ? bytes.length : at), at >= 0);
        from = at < 0 ? bytes.length : at + 1;
      }
    },
    digest() {
      forgetBlanks();
      return hash.digest('hex').slice(0, ID_LENGTH);
    },
  };
}

/** @returns end of the longest beginning that can be taken as it is: no line of it ends with a blank. */
function plainEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === NEWLINE || isBlank(bytes[end - 1]))) end -= 1;
  for (let at = bytes.indexOf(NEWLINE); at >= 0 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (at > 0 && isBlank(bytes[at - 1])) {
      let before = at - 1;
      while (before > 0 && (isBlank(bytes[before - 1]) || bytes[before - 1] === NEWLINE))
        before -= 1;
      return before;
    }
  }
  return end;
}
