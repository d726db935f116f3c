/**
 * What a daemon's loop tells about itself: that it moves, whether it is ready, and what keeps a
 * part of it from its work. Liveness is "the loop made progress or is legitimately idle", never
 * "a dependency answers".
 */
export interface Progress {
  /** Called on every turn of the loop, empty polls included. */
  beat(): void;
  /** The daemon does its work now (holds its lock, joined its group); false while it waits. */
  setReady(ready: boolean): void;
  /**
   * Tells what keeps a part (a dataset, a source) from its work though the daemon lives; undefined
   * when it works again. `careplus status` and `/healthz` show it, and the metrics.
   */
  setTrouble(part: string, trouble: Trouble | undefined): void;
  readonly ready: boolean;
  readonly troubles: ReadonlyMap<string, Trouble>;
  /** Milliseconds since the last beat. */
  readonly ageMs: number;
}

/** What keeps a part of a daemon from its work: an error code and the message of the error. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
}

export function createProgress(now: () => number = () => performance.now()): Progress {
  let beatAt = now();
  let ready = false;
  const troubles = new Map<string, Trouble>();
  return {
    beat: () => {
      beatAt = now();
    },
    setReady: (value) => {
      ready = value;
    },
    setTrouble: (part, trouble) => {
      if (trouble) troubles.set(part, trouble);
      else troubles.delete(part);
    },
    get ready() {
      return ready;
    },
    troubles,
    get ageMs() {
      return now() - beatAt;
    },
  };
}
