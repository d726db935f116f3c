import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';

/**
 * Server-sent events (WHATWG HTML, "Server-sent events") to all viewers of a page. Every event
 * holds a whole state, so a slow viewer may miss some: of each kind it gets the latest one when it
 * can take more, and no queue grows.
 */
export interface LiveEvents {
  /** Begins the stream; its first event is `first`. */
  add(response: ServerResponse, first: { readonly event: string; readonly data: object }): void;
  publish(event: string, data: object): void;
  readonly viewers: number;
  /** Resolves with the next viewer who comes, or after `atMostMs`. */
  nextViewer(options: { readonly atMostMs: number; readonly signal: AbortSignal }): Promise<void>;
  close(): void;
}

interface Viewer {
  readonly response: ServerResponse;
  /** Latest block of each kind that waits for the connection to take more; null when it does. */
  waiting: Map<string, string> | null;
  /** The connection took nothing since the last keep-alive. */
  wasStuck: boolean;
}

const RETRY_MS = 2_000;

export function createLiveEvents(options: { readonly keepAliveMs?: number } = {}): LiveEvents {
  const viewers = new Set<Viewer>();
  const arrivals = new EventEmitter();
  let id = 0;

  const keepAlive = setInterval(() => {
    for (const viewer of viewers) {
      // Gone without a word: nobody may look who does not read.
      if (viewer.waiting && viewer.wasStuck) viewer.response.destroy();
      else if (viewer.waiting) viewer.wasStuck = true;
      else write(viewer, 'event: alive\ndata: yes\n\n');
    }
  }, options.keepAliveMs ?? 15_000).unref();

  function write(viewer: Viewer, text: string): void {
    if (viewer.response.write(text)) return;
    viewer.waiting = new Map();
    viewer.response.once('drain', () => {
      const missed = viewer.waiting ?? new Map<string, string>();
      viewer.waiting = null;
      viewer.wasStuck = false;
      const blocks = [...missed.values()].join('');
      if (blocks !== '') write(viewer, blocks);
    });
  }

  function block(event: string, data: object): string {
    id += 1;
    return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  return {
    add(response, first) {
      const viewer: Viewer = { response, waiting: null, wasStuck: false };
      viewers.add(viewer);
      response.once('close', () => viewers.delete(viewer));
      write(viewer, `retry: ${RETRY_MS}\n\n${block(first.event, first.data)}`);
      arrivals.emit('viewer');
    },
    publish(event, data) {
      if (viewers.size === 0) return;
      const text = block(event, data);
      for (const viewer of viewers) {
        if (viewer.waiting) viewer.waiting.set(event, text);
        else write(viewer, text);
      }
    },
    get viewers() {
      return viewers.size;
    },
    async nextViewer({ atMostMs, signal }) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(atMostMs)]);
      try {
        await once(arrivals, 'viewer', { signal: limit });
      } catch (error) {
        signal.throwIfAborted();
        if (!limit.aborted) throw error;
      }
    },
    close() {
      clearInterval(keepAlive);
      for (const { response } of viewers) response.end();
      viewers.clear();
    },
  };
}
