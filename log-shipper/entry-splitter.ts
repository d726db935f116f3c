import {
  BYTE_ORDER_MARK,
  MAX_FRAMING_LINE,
  type LineKind,
  type LogFraming,
} from '../schemas/datasets/log-framing.ts';
import type { LogRangeKind } from '../schemas/log-entries.ts';

const NEWLINE = 0x0a;

/** A range of a window; `start` and `end` count from the window's first byte. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: LogRangeKind;
  /** End of the entry's own text: `end`, or where its terminator line begins. */
  readonly textEnd: number;
}

/** What the text before the first timestamp belongs to. */
export type Before =
  /** Nothing: it is an entry of its own, which the rules will refuse. */
  | { readonly kind: 'nothing' }
  /** An entry that was shipped as it stood. */
  | { readonly kind: 'interrupted' }
  /** An entry whose head ended the generation before. */
  | { readonly kind: 'head'; readonly entryId: string };

/**
 * `more` the file may grow: what is not yet decided waits. `idle` nothing came for a while: all of
 * it goes as it stands. `end` nothing will come. `cut` nothing will come here, but the next
 * generation begins with the rest of the last entry.
 */
export type Ending = 'more' | 'idle' | 'end' | 'cut';

export interface Split {
  /** They follow each other without a gap, from 0 to `consumed`. */
  readonly spans: readonly Span[];
  /** Where the next window begins. */
  readonly consumed: number;
  /** What text at `consumed` would belong to. */
  readonly before: Before['kind'];
  /** Kind of the entry that is open at `consumed`, if one is. */
  readonly open: LogRangeKind | undefined;
}

/**
 * Divides the bytes that follow the last range into the ranges that are decided. It depends on the
 * bytes alone, never on how the file grew: the next window begins at `consumed` and holds the
 * undecided bytes again.
 *
 * Nothing of a full window is consumed only if an entry is open that is larger: see {@link LargeEntry}.
 *
 * @param options `before`: what came before the window; `atFileStart`: the window begins with the
 *   first byte of the file, where a byte order mark may stand; `full`: no window can be larger.
 */
export function splitEntries(
  window: Buffer,
  options: {
    readonly framing: LogFraming;
    readonly ending: Ending;
    readonly before: Before['kind'];
    readonly atFileStart: boolean;
    readonly full: boolean;
  },
): Split {
  const { framing, ending, atFileStart, full } = options;
  const spans: Span[] = [];
  // No line goes on in another file.
  let before = atFileStart && framing.start === null ? 'nothing' : options.before;
  /** As `before` was at `consumed`. */
  let settled = before;
  let consumed = 0;
  let open: LogRangeKind | undefined;

  function close(end: number, textEnd: number, kind = open ?? 'filler'): void {
    settled = before;
    if (end === consumed) return;
    spans.push({ start: consumed, end, kind, textEnd });
    consumed = end;
    open = undefined;
  }

  function begin(at: number, kind: LineKind): void {
    close(at, at);
    open = kind === 'start' ? 'entry' : kindOfText(before);
    before = 'nothing';
  }

  let position = 0;
  if (atFileStart) {
    const mark = markLength(window, ending);
    if (mark === undefined) return { spans, consumed, before, open };
    position = mark;
  }
  while (position < window.length) {
    const line = readLine(framing, window, position, ending !== 'more');
    if (line === undefined) break;
    if (line.begins || (line.kind === 'text' && open === undefined)) begin(position, line.kind);
    else if (line.ends) before = 'nothing';
    if (line.ends && open !== undefined) close(line.next, line.textEnd);
    if (!line.whole) break;
    position = line.next;
  }
  if (ending !== 'more') {
    const interrupted = open;
    const cut = ending === 'cut' && interrupted === 'entry' ? 'head' : interrupted;
    close(window.length, window.length, cut);
    if (interrupted !== undefined) before = ending === 'cut' ? 'head' : 'interrupted';
    settled = before;
  } else if (full && consumed === 0 && open === undefined) {
    close(position, position);
  }
  return { spans, consumed, before: settled, open };
}

function kindOfText(before: Before['kind']): LogRangeKind {
  if (before === 'head') return 'tail';
  return before === 'interrupted' ? 'continued' : 'entry';
}

/** @returns undefined while it may yet become a byte order mark. */
function markLength(window: Buffer, ending: Ending): number | undefined {
  const length = Math.min(window.length, BYTE_ORDER_MARK.length);
  if (!window.subarray(0, length).equals(BYTE_ORDER_MARK.subarray(0, length))) return 0;
  if (length === BYTE_ORDER_MARK.length) return length;
  return ending === 'more' && length > 0 ? undefined : 0;
}

interface Line {
  readonly kind: LineKind;
  /** An entry begins with it, whatever went before. */
  readonly begins: boolean;
  /** What is open ends with it, and nothing that began before goes on behind it. */
  readonly ends: boolean;
  /** Where the text of an entry that it ends is over. */
  readonly textEnd: number;
  /** Where the line behind it begins, if it is whole. */
  readonly next: number;
  readonly whole: boolean;
}

/** @returns undefined when more bytes are needed to tell what the line is. */
function readLine(
  { start, terminator, classifyLine }: LogFraming,
  window: Buffer,
  from: number,
  complete: boolean,
): Line | undefined {
  const newline = window.indexOf(NEWLINE, from);
  const end = newline < 0 ? window.length : newline;
  const whole = complete || newline >= 0;
  const kind = classifyLine(window, from, end, whole);
  if (kind === undefined) return undefined;
  if (kind === 'glued-terminator') {
    const next = from + (terminator?.length ?? 0);
    return { kind, begins: false, ends: true, textEnd: from, next, whole: true };
  }
  const next = newline < 0 ? end : newline + 1;
  const begins = kind === 'start' || kind === 'single';
  // Where each line is an entry its line end decides, that of a line without text too.
  const ends = start === null ? newline >= 0 : kind === 'terminator';
  return { kind, begins, ends, textEnd: begins ? next : from, next, whole };
}

/**
 * An entry that no window can hold, whose beginning was open in a window full of it. Windows are
 * given to it until it ends; each begins where the one before it was consumed to.
 */
export class LargeEntry {
  readonly #framing: LogFraming;
  #inLine = false;
  #first = true;

  constructor(framing: LogFraming) {
    this.#framing = framing;
  }

  /** Takes what of a window belongs to the entry. */
  push(window: Buffer, ending: Ending): LargePart {
    const isLine = this.#framing.start === null;
    const complete = ending !== 'more';
    let position = 0;
    while (position < window.length) {
      if (this.#inLine) {
        const newline = window.indexOf(NEWLINE, position);
        if (newline < 0) return upTo(window.length, complete);
        this.#inLine = false;
        position = newline + 1;
        if (isLine) return closedAt(position, position);
        continue;
      }
      const line = readLine(this.#framing, window, position, complete);
      if (line === undefined) return upTo(position, false);
      if (line.begins && !this.#first) return closedAt(position, position);
      this.#first = false;
      if (line.ends) return closedAt(line.textEnd, line.next);
      if (!line.whole && window.length - position > MAX_FRAMING_LINE) this.#inLine = true;
      else if (!line.whole) return upTo(position, false);
      else position = line.next;
    }
    return upTo(window.length, complete);
  }
}

/** What a window gave to an entry that no window can hold. */
interface LargePart {
  /** Bytes that belong to the entry's text. */
  readonly text: number;
  /** Bytes that belong to its range. */
  readonly consumed: number;
  /** The entry ends there. */
  readonly ended: boolean;
  /** It ends there only because nothing more comes now. */
  readonly interrupted: boolean;
}

function closedAt(text: number, consumed: number): LargePart {
  return { text, consumed, ended: true, interrupted: false };
}

function upTo(consumed: number, ended: boolean): LargePart {
  return { text: consumed, consumed, ended, interrupted: ended };
}
