import { describe, expect, it } from 'vitest';
import { createLogFreshness } from '../../../../../dashboards/web/feeds/log-freshness.ts';
import type { ShipperCheckpoint } from '../../../../../schemas/checkpoint.ts';

const checkpoint: ShipperCheckpoint = {
  version: 1,
  host: 'app-1',
  generation: '1-a',
  path: '/var/log/a.log',
  offset: 800,
  generationStart: 100,
  identity: { device: '1', inode: '2', fingerprint: 'f', fingerprintBytes: 10, birthMs: 1 },
  state: 'open',
  openEntryId: null,
  interrupted: false,
  seenBytes: 800,
  writtenAtMs: 90_000,
};
const bytes = (value: object) => Buffer.from(JSON.stringify(value));
const frontiers = [{ source: 'app-1', epoch: 0, seq: 700, committedMs: 50_000 }];
const batch = (upto: number) => ({
  batch_id: 'b1',
  files: [{ host: 'app-1', generation: '1-a', generation_start: 100, upto, waiting: 0 }],
});

describe('freshness of the logs', () => {
  it('is the oldest heartbeat when the warehouse covers all that the files hold', () => {
    const freshness = createLogFreshness();
    expect(freshness.completeUpToMs).toBeNull();
    freshness.onRecord('app-1/1-a', bytes(checkpoint));
    freshness.onFrontiers(frontiers, batch(800));
    expect(freshness.completeUpToMs).toBe(90_000);
    freshness.onRecord('app-1/1-a', bytes({ ...checkpoint, writtenAtMs: 95_000 }));
    expect(freshness.completeUpToMs).toBe(95_000);
    const empty = { ...checkpoint, generation: '2-b', generationStart: 0, offset: 0, seenBytes: 0 };
    freshness.onRecord('app-1/2-b', bytes({ ...empty, writtenAtMs: 93_000 }));
    freshness.onRecord('app-1/1-a', bytes({ ...checkpoint, writtenAtMs: 99_000 }));
    // Not earlier than before: what was complete stays so.
    expect(freshness.completeUpToMs).toBe(95_000);
    freshness.onRecord('app-1/2-b', bytes({ ...empty, writtenAtMs: 98_000 }));
    expect(freshness.completeUpToMs).toBe(98_000);
  });

  it.each([
    ['bytes are on their way', { ...checkpoint, offset: 900, seenBytes: 900 }, batch(800)],
    ['bytes wait in the file', { ...checkpoint, seenBytes: 801 }, batch(800)],
    ['nothing was heard of the host', { ...checkpoint, host: 'app-2' }, batch(800)],
    ['the loader does not tell of files', checkpoint, { batch_id: 'b1' }],
    ['there was no batch', checkpoint, null],
  ])('is the time of the newest covered byte when %s', (_why, known, told) => {
    const freshness = createLogFreshness();
    freshness.onRecord('key', bytes(known));
    freshness.onFrontiers(frontiers, told);
    expect(freshness.completeUpToMs).toBe(50_000);
  });

  it('does not wait for files that are gone, whole or not', () => {
    const freshness = createLogFreshness();
    freshness.onRecord('app-1/1-a', bytes(checkpoint));
    freshness.onRecord('app-1/2-b', bytes({ ...checkpoint, generation: '2-b', offset: 900 }));
    const lost = { ...checkpoint, generation: '3-c', state: 'gone', seenBytes: 9_999 };
    freshness.onRecord('app-1/3-c', bytes(lost));
    freshness.onRecord('app-1/2-b', null);
    freshness.onFrontiers(frontiers, batch(790));
    expect(freshness.completeUpToMs).toBe(50_000);
    expect(freshness.hosts).toEqual([
      {
        ...{ host: 'app-1', files: 1, shippedBytes: 700, unshippedBytes: 0, uncoveredBytes: 10 },
        seenAtMs: 90_000,
      },
    ]);
  });

  it('keeps what was complete while more is on its way', () => {
    const freshness = createLogFreshness();
    freshness.onRecord('app-1/1-a', bytes(checkpoint));
    freshness.onFrontiers(frontiers, batch(800));
    freshness.onRecord('app-1/1-a', bytes({ ...checkpoint, offset: 990, seenBytes: 990 }));
    expect(freshness.completeUpToMs).toBe(90_000);
  });

  it('passes over start markers and whatever else is no checkpoint', () => {
    const freshness = createLogFreshness();
    for (const other of ['{', '{"instance":"a"}', JSON.stringify({ ...checkpoint, offset: -1 })]) {
      freshness.onRecord('app-1/1-a#start', Buffer.from(other));
    }
    expect(freshness.hosts).toEqual([]);
  });
});
