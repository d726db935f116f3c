import { Kafka, type Admin } from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProgress, type Progress } from '../../../../runtime/daemon/progress.ts';
import { createLog } from '../../../../runtime/observability/log.ts';
import type { Bucket } from '../../../../runtime/s3/bucket.ts';
import { rawKey } from '../../../../schemas/raw-archive.ts';
import { createArchiveTurn } from '../../../../stream-processors/archive/archive-turn.ts';
import { createTopicArchive } from '../../../../stream-processors/archive/topic-archive.ts';

const signal = new AbortController().signal;
const dataset = { name: 'claims' };
const topic = 'careplus.claims';
const PART = `archive of ${topic}`;

let keys: string[];
let end: string;
let progress: Progress;
let passes: number;
let turn: (signal: AbortSignal) => Promise<void>;

beforeEach(() => {
  keys = [rawKey(dataset, '2025-07-01', { topic, partition: 0, first: 0n, last: 99n })];
  progress = createProgress();
  passes = 0;
  // What needs a broker is not reached here: there is nothing to read, or the archive does not fit.
  const bucket = {
    folders: async () => [...new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/') + 1)))],
    keys: async () => keys,
    // Nothing to compare with the topic.
    get: async () => undefined,
  } as unknown as Bucket;
  const admin = {
    fetchTopicOffsets: async () => [{ partition: 0, offset: end, high: end, low: '0' }],
  } as unknown as Admin;
  const kafka = new Kafka({ brokers: ['unused:1'] });
  const log = createLog('test', 'silent');
  const archive = createTopicArchive({ kafka, admin, bucket, dataset, topic, log });
  turn = createArchiveTurn({ archive, topic, progress, log, onPass: () => (passes += 1) });
});

describe('the archive of a topic that was made anew', () => {
  it('is a trouble of this topic and ends nothing (I6)', async () => {
    end = '7';
    await turn(signal);
    expect(passes).toBe(0);
    expect(progress.troubles.get(PART)).toMatchObject({ code: 'KFK_3010' });
  });

  it('is not gone on with when the topic has grown past it', async () => {
    end = '7';
    await turn(signal);
    end = '200';
    await turn(signal);
    expect(passes).toBe(0);
    expect(progress.troubles.get(PART)?.message).toContain('made anew');
  });

  it('begins anew when the old objects were moved away', async () => {
    end = '7';
    await turn(signal);
    keys = [];
    end = '0';
    await turn(signal);
    expect(passes).toBe(1);
    expect(progress.troubles.size).toBe(0);
  });
});

it('goes on where the archive ends, and passes every other error on', async () => {
  end = '100';
  await turn(signal);
  expect([passes, progress.troubles.size]).toEqual([1, 0]);
  keys = [];
  end = 'no number';
  await expect(turn(signal)).rejects.toThrow(SyntaxError);
});
