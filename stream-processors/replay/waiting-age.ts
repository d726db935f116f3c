import type { OpenTail } from './tail-watch.ts';

/** Tells how long the oldest number that is in its topic waits for the warehouse. */
export interface WaitingAge {
  /**
   * @param tails all lines that are open now.
   * @returns milliseconds, as exact as the looks are frequent; 0 when none is open.
   */
  look(tails: readonly OpenTail[]): number;
}

interface Mark {
  readonly end: number;
  /** When this end was first seen. */
  readonly seenMs: number;
}

/** More marks of a line are thinned out: a long wait needs no exact end. */
const MAX_MARKS = 64;

/** A line that never rests is open at every look: what counts is how long each of its ends waits. */
export function createWaitingAge({
  now = () => performance.now(),
}: { readonly now?: () => number } = {}): WaitingAge {
  let marksOf = new Map<string, readonly Mark[]>();
  return {
    look(tails) {
      const nowMs = now();
      marksOf = new Map(
        tails.map(({ line, at, end }) => {
          const waiting = (marksOf.get(line) ?? []).filter((mark) => mark.end > at);
          const isNew = (waiting.at(-1)?.end ?? at) < end;
          return [line, thinned(isNew ? [...waiting, { end, seenMs: nowMs }] : waiting)];
        }),
      );
      const ages = [...marksOf.values()].map(([oldest]) => nowMs - (oldest?.seenMs ?? nowMs));
      return ages.reduce((greatest, age) => Math.max(greatest, age), 0);
    },
  };
}

/** Keeps the oldest one, for it tells the age. */
function thinned(marks: readonly Mark[]): readonly Mark[] {
  return marks.length <= MAX_MARKS ? marks : marks.filter((_, index) => index % 2 === 0);
}
