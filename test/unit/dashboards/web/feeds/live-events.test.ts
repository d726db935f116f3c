import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLiveEvents } from '../../../../../dashboards/web/feeds/live-events.ts';

/** A connection that takes `free` writes, then none until it is drained. */
function fakeConnection(free = Infinity) {
  const emitter = new EventEmitter();
  const written: string[] = [];
  const connection = Object.assign(emitter, {
    write(text: string) {
      written.push(text);
      return written.length < free;
    },
    destroy: vi.fn(() => emitter.emit('close')),
    end: vi.fn(),
  });
  return { connection, written, response: connection as unknown as ServerResponse };
}

const first = { event: 'tickets', data: { n: 0 } };

afterEach(() => {
  vi.useRealTimers();
});

describe('live events', () => {
  it('begin with the current state and tell how soon to come back', () => {
    const events = createLiveEvents();
    const { response, written } = fakeConnection();
    events.add(response, first);
    expect(written).toEqual(['retry: 2000\n\nid: 1\nevent: tickets\ndata: {"n":0}\n\n']);
    events.close();
  });

  it('keep for a slow viewer only the latest of each kind', () => {
    const events = createLiveEvents();
    const { connection, response, written } = fakeConnection(1);
    events.add(response, first);
    for (let n = 1; n <= 1_000; n += 1) {
      events.publish('tickets', { n });
      events.publish('freshness', { n });
    }
    expect(written).toHaveLength(1);
    connection.emit('drain');
    expect(written).toHaveLength(2);
    expect(written[1]?.match(/data: .*/g)).toEqual(['data: {"n":1000}', 'data: {"n":1000}']);
    events.close();
  });

  it('let go of a viewer who reads nothing any more', () => {
    vi.useFakeTimers();
    const events = createLiveEvents({ keepAliveMs: 1_000 });
    const stuck = fakeConnection(1);
    const reading = fakeConnection();
    events.add(stuck.response, first);
    events.add(reading.response, first);
    vi.advanceTimersByTime(1_000);
    expect(events.viewers).toBe(2);
    vi.advanceTimersByTime(1_000);
    expect(events.viewers).toBe(1);
    expect(stuck.connection.destroy).toHaveBeenCalledOnce();
    expect(reading.written.slice(1)).toEqual(Array(2).fill('event: alive\ndata: yes\n\n'));
    events.close();
  });

  it('wait for the next viewer, but not for ever', async () => {
    const events = createLiveEvents();
    const { signal } = new AbortController();
    await expect(events.nextViewer({ atMostMs: 1, signal })).resolves.toBeUndefined();
    const arrival = events.nextViewer({ atMostMs: 60_000, signal });
    events.add(fakeConnection().response, first);
    await expect(arrival).resolves.toBeUndefined();
    await expect(
      events.nextViewer({ atMostMs: 60_000, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    events.close();
  });
});
