import { createLiveEvents, type LiveEvents } from './live-events.ts';
import { runLiveUpdates } from './live-updates.ts';
import type { LiveFeed } from './snapshot-feed.ts';

/** What somebody asks to see: a page, or one of its filters. */
export interface LiveView {
  /** The same for everybody who asks for the same. */
  readonly key: string;
  /** @param signal ends what the feed has under way. */
  createFeed(signal: AbortSignal): LiveFeed;
}

/** A view with all who look at it. */
export interface LiveRoom {
  readonly feed: LiveFeed;
  readonly events: LiveEvents;
}

export interface LiveRooms {
  /** The room of a view, made when it is first asked for; undefined when all rooms are taken. */
  open(view: LiveView): LiveRoom | undefined;
  /** Rejects when a room fails, and with the signal's reason. */
  readonly ended: Promise<never>;
  close(): void;
}

interface KnownRoom extends LiveRoom {
  readonly stop: AbortController;
}

/**
 * One feed per view in use: whoever asks for the same shares its queries. There are at most
 * `limit` at a time; one that nobody looks at gives way to a new one, the longest unused first.
 *
 * @param options.name the event that carries a document.
 * @param options.kept key of a room that never gives way.
 */
export function createLiveRooms(options: {
  readonly name: string;
  readonly limit: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly onTurn: () => void;
  readonly kept?: string | undefined;
}): LiveRooms {
  const { name, limit, pollMs, signal, onTurn, kept } = options;
  /** The longest unused first. */
  const rooms = new Map<string, KnownRoom>();
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  signal.addEventListener('abort', () => ended.reject(signal.reason as Error), { once: true });

  function makePlace(): boolean {
    if (rooms.size < limit) return true;
    for (const [key, room] of rooms) {
      if (room.events.viewers > 0 || key === kept) continue;
      leave(key, room);
      return true;
    }
    return false;
  }

  function leave(key: string, room: KnownRoom): void {
    rooms.delete(key);
    room.stop.abort();
    room.events.close();
  }

  function make(view: LiveView): KnownRoom {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const room = { feed: view.createFeed(both), events: createLiveEvents(), stop };
    runLiveUpdates({ name, ...room, pollMs, signal: both, onTurn }).catch((error: unknown) => {
      if (!both.aborted) ended.reject(error);
    });
    return room;
  }

  return {
    ended: ended.promise,
    open(view) {
      const known = rooms.get(view.key);
      if (!known && !makePlace()) return undefined;
      const room = known ?? make(view);
      rooms.delete(view.key);
      rooms.set(view.key, room);
      return room;
    },
    close() {
      for (const [key, room] of rooms) leave(key, room);
    },
  };
}
