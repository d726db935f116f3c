import { abortableSleep } from '../../../runtime/abortable-wait.ts';
import type { Clock } from '../../../warehouse-loader/clock.ts';

/** A clock that starts now and goes `speed` times as fast: the loader's pauses and windows shrink alike. */
export function fastClock(speed: number): Clock {
  const start = Date.now();
  const elapsed = () => (Date.now() - start) * speed;
  return {
    now: () => start + elapsed(),
    elapsed,
    sleep: (ms, signal) => abortableSleep(ms / speed, signal),
  };
}
