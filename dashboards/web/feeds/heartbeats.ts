/** A record of a compacted topic; null is a tombstone. */
type Listener = (key: string, value: Buffer | null) => void;

/** The newest record of every key of a checkpoint topic, for feeds that come and go. */
export interface Heartbeats {
  onRecord: Listener;
  /** Tells a listener what is known, and from then on whatever comes, until the signal aborts. */
  follow(listener: Listener, signal: AbortSignal): void;
}

export function createHeartbeats(): Heartbeats {
  const known = new Map<string, Buffer>();
  const listeners = new Set<Listener>();
  return {
    onRecord(key, value) {
      if (value === null) known.delete(key);
      else known.set(key, value);
      for (const listener of listeners) listener(key, value);
    },
    follow(listener, signal) {
      if (signal.aborted) return;
      for (const [key, value] of known) listener(key, value);
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
  };
}
