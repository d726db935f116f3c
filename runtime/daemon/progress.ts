/**
 * What a daemon's loop tells about itself: that it moves, and whether it is ready. Liveness is
 * "the loop made progress or is legitimately idle", never "a dependency answers".
 */
export interface Progress {
  /** Called on every turn of the loop, empty polls included. */
  beat(): void;
  /** The daemon does its work now (holds its lock, joined its group); false while it waits. */
  setReady(ready: boolean): void;
  readonly ready: boolean;
  /** Milliseconds since the last beat. */
  readonly ageMs: number;
}

export function createProgress(now: () => number = Date.now): Progress {
  let beatAt = now();
  let ready = false;
  return {
    beat: () => {
      beatAt = now();
    },
    setReady: (value) => {
      ready = value;
    },
    get ready() {
      return ready;
    },
    get ageMs() {
      return now() - beatAt;
    },
  };
}
