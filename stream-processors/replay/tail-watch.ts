import type { Frontier } from '../../schemas/frontiers.ts';
import type { NumberRange } from '../../schemas/holes.ts';

/** A line that reaches further in the topic than in the warehouse. */
export interface OpenTail extends Frontier {
  /** Last number that is in the topic. */
  readonly end: number;
}

/** Below the first number of every line. */
const NOTHING = -1;

/**
 * @param ends last number of each line that is in the topic.
 * @param complete whether a line without a frontier has nothing in the warehouse; else it is left out.
 */
export function openTails(
  ends: ReadonlyMap<string, number>,
  frontiers: readonly Frontier[],
  complete: boolean,
): OpenTail[] {
  const byLine = new Map(frontiers.map((each) => [each.line, each]));
  return Array.from(ends, ([line, end]) => {
    const nothing = complete ? { line, at: NOTHING, waiting: 0 } : undefined;
    const frontier = byLine.get(line) ?? nothing;
    return frontier && frontier.at < end ? [{ ...frontier, end }] : [];
  }).flat();
}

/**
 * Finds lines whose last numbers were lost: nothing waits behind them, so the warehouse cannot
 * know that anything is missing. It is told by the last number alone: when that one is sent again,
 * it fills the hole or makes it one that the loader sees. So a loader that is only away costs one
 * record a line (docs/decisions/0017).
 */
export interface TailWatch {
  /**
   * @param tails all lines that are open now.
   * @param handedOver whether the processor has taken everything that the topic holds.
   * @returns the last number of each line that should have been in the warehouse for long.
   */
  look(tails: readonly OpenTail[], handedOver: boolean): NumberRange[];
}

interface Awaited {
  readonly end: number;
  /** The frontier, and since when it has stood. */
  readonly at: number;
  readonly since: number;
}

export function createTailWatch({
  lateMs,
  now = () => performance.now(),
}: {
  /** How long what the processor has handed over may take to the warehouse. */
  readonly lateMs: number;
  readonly now?: () => number;
}): TailWatch {
  let awaited = new Map<string, Awaited>();

  function follow({ line, at, waiting, end }: OpenTail, handedOver: boolean): Awaited {
    const before = awaited.get(line);
    // While rows wait above the frontier, the loader tells what is missing below them.
    const stands = before?.at === at && waiting === 0 && handedOver;
    const isOpen = before !== undefined && before.end > at;
    return { at, end: isOpen ? before.end : end, since: stands ? before.since : now() };
  }

  return {
    look(tails, handedOver) {
      awaited = new Map(tails.map((tail) => [tail.line, follow(tail, handedOver)]));
      if (!handedOver) return [];
      return [...awaited]
        .filter(([, { since }]) => now() - since >= lateMs)
        .map(([line, { end }]) => ({ line, from: end, to: end }));
    },
  };
}
