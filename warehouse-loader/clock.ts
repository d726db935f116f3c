import { abortableSleep } from '../runtime/abortable-wait.ts';

/** Time as the loader lives it: a test turns the hands faster, and pauses and windows pass in no time. */
export interface Clock {
  /** Milliseconds since 1970: for comparing with times that others wrote. */
  readonly now: () => number;
  /** Milliseconds that only go forward, from any beginning: for pauses, whatever is done to the clock. */
  readonly elapsed: () => number;
  /** Rejects with the signal's reason as soon as it aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: abortableSleep,
};
