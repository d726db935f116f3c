import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createLiveRooms,
  type LiveRoom,
  type LiveView,
} from '../../../../../dashboards/web/feeds/live-rooms.ts';
import type { LiveDocument, LiveFeed } from '../../../../../dashboards/web/feeds/snapshot-feed.ts';

const document: LiveDocument = {
  state: 'live',
  problem: null,
  nowMs: 1,
  completeUpToMs: null,
  queriedAtMs: null,
  batch: null,
};

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

function setUp(options: { readonly limit: number; readonly refresh?: LiveFeed['refresh'] }) {
  const stop = new AbortController();
  stops.push(stop);
  const made: string[] = [];
  const ended: string[] = [];
  const rooms = createLiveRooms({
    ...{ name: 'tickets', limit: options.limit, pollMs: 5, signal: stop.signal },
    onTurn: () => undefined,
    kept: 'all',
  });
  const view = (key: string): LiveView => ({
    key,
    createFeed(signal) {
      made.push(key);
      signal.addEventListener('abort', () => ended.push(key));
      return {
        current: () => document,
        refresh: options.refresh ?? (() => Promise.resolve()),
        version: 1,
        pulse: () => ({ completeUpToMs: null }),
      };
    },
  });
  return { rooms, view, made, ended, stop };
}

/** Somebody who looks, and how to leave. */
function look(room: LiveRoom | undefined): () => void {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  room?.events.add(response, { event: 'tickets', data: document });
  return () => response.emit('close');
}

describe('rooms', () => {
  it('are shared by all who ask for the same', () => {
    const { rooms, view, made } = setUp({ limit: 3 });
    expect(rooms.open(view('a'))).toBe(rooms.open(view('a')));
    expect(made).toEqual(['a']);
  });

  it('are bounded: the longest unused one that nobody looks at gives way', () => {
    const { rooms, view, ended } = setUp({ limit: 3 });
    rooms.open(view('all'));
    const leave = look(rooms.open(view('a')));
    rooms.open(view('b'));
    expect(rooms.open(view('c'))).toBeDefined();
    expect(ended).toEqual(['b']);
    const leaveToo = look(rooms.open(view('c')));
    expect(rooms.open(view('d'))).toBeUndefined();
    leave();
    expect(rooms.open(view('d'))).toBeDefined();
    expect(ended).toEqual(['b', 'a']);
    leaveToo();
  });

  it('end with their signal, and all of them when one fails', async () => {
    const { rooms, view, stop, ended } = setUp({ limit: 3 });
    rooms.open(view('a'));
    stop.abort(new Error('over'));
    await expect(rooms.ended).rejects.toThrow('over');
    expect(ended).toEqual(['a']);

    const broken = setUp({ limit: 3, refresh: () => Promise.reject(new Error('a fault')) });
    look(broken.rooms.open(broken.view('a')));
    await expect(broken.rooms.ended).rejects.toThrow('a fault');
  });

  it('do not fail because one of them gave way', async () => {
    const { rooms, view, stop } = setUp({ limit: 1 });
    rooms.open(view('a'));
    rooms.open(view('b'));
    stop.abort(new Error('over'));
    await expect(rooms.ended).rejects.toThrow('over');
  });
});
