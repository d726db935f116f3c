import { describe, expect, it } from 'vitest';
import { createHeartbeats } from '../../../../../dashboards/web/feeds/heartbeats.ts';

describe('heartbeats', () => {
  it('tell the newest of each key to whoever begins to follow, and then whatever comes', () => {
    const heartbeats = createHeartbeats();
    const told: string[] = [];
    const stop = new AbortController();
    heartbeats.onRecord('a', Buffer.from('1'));
    heartbeats.onRecord('a', Buffer.from('2'));
    heartbeats.onRecord('gone', Buffer.from('1'));
    heartbeats.onRecord('gone', null);
    heartbeats.follow((key, value) => told.push(`${key}${String(value)}`), stop.signal);
    expect(told).toEqual(['a2']);
    heartbeats.onRecord('b', Buffer.from('1'));
    heartbeats.onRecord('b', null);
    expect(told).toEqual(['a2', 'b1', 'bnull']);
    stop.abort();
    heartbeats.onRecord('a', Buffer.from('3'));
    expect(told).toHaveLength(3);
    heartbeats.follow((key) => told.push(key), stop.signal);
    expect(told).toHaveLength(3);
  });
});
