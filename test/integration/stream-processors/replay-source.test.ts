import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopicArchive } from '../../../stream-processors/archive/topic-archive.ts';
import {
  openLakeSource,
  openTopicSource,
  type ReplayBound,
  type ReplaySource,
} from '../../../stream-processors/replay/replay-source.ts';
import { startTestBroker, type TestBroker } from '../kafka/broker.ts';
import { memoryBucket } from './memory-bucket.ts';

const signal = new AbortController().signal;
const dataset = { name: 'claims' };
const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const { bucket } = memoryBucket();
let broker: TestBroker;
let admin: Admin;
let topic = '';

/** Ten records on each of three days, in one partition: offsets 0–9, 10–19 and 20–29. */
beforeAll(async () => {
  broker = await startTestBroker();
  admin = broker.client().admin();
  await admin.connect();
  topic = await broker.createTopic();
  const producer = broker.client().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messages = Array.from({ length: 30 }, (_, index) => ({
    value: `record ${index}`,
    timestamp: String(today - (3 - Math.floor(index / 10)) * DAY_MS + (index % 10) * 60_000),
  }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  await createTopicArchive({
    ...{ kafka: broker.client(), admin, bucket, dataset, topic, log: broker.log },
    maxRecords: 7,
  }).pass(signal);
});
afterAll(async () => {
  await admin.disconnect();
  await broker.stop();
});

const fromTopic = (from: ReplayBound, to: ReplayBound) =>
  openTopicSource({ kafka: broker.client(), admin, topic }, { from, to }, signal);
const fromLake = (from: ReplayBound, to: ReplayBound) =>
  openLakeSource({ bucket, dataset, topic }, { from, to }, signal);

async function offsets(source: ReplaySource, next = new Map<number, bigint>()): Promise<number[]> {
  const found: number[] = [];
  await source.read(
    next,
    async ({ messages }) => void found.push(...messages.map(({ offset }) => Number(offset))),
    signal,
  );
  return found;
}

const numbers = (first: number, end: number) =>
  Array.from({ length: end - first }, (_, index) => first + index);
const earliest = { kind: 'earliest' } as const;
const latest = { kind: 'latest' } as const;
const offset = (at: bigint): ReplayBound => ({ kind: 'offset', offset: at });
const time = (ms: number): ReplayBound => ({ kind: 'time', ms });
const secondDay = today - 2 * DAY_MS;

describe.each([
  ['the topic', fromTopic],
  ['the archive', fromLake],
])('a replay from %s', (_, open) => {
  it.each([
    ['all', earliest, latest, 0, 30],
    ['an offset to another', offset(5n), offset(12n), 5, 12],
    ['an offset to behind the end', offset(25n), offset(1_000n), 25, 30],
    ['a day', time(secondDay), time(secondDay + DAY_MS), 10, 20],
    ['a time between two records', time(secondDay + 90_000), latest, 12, 30],
    ['the beginning to a time', earliest, time(secondDay), 0, 10],
    ['a time to an offset', time(secondDay), offset(13n), 10, 13],
    ['a time that has not come', time(today + 9 * DAY_MS), latest, 30, 30],
    ['an end before its beginning', offset(9n), offset(3n), 9, 9],
  ])('reads exactly %s', async (_what, from, to, first, end) => {
    expect(await offsets(await open(from, to))).toEqual(numbers(first, end));
  });

  it('goes on where it was broken off, to the end that was fixed', async () => {
    const source = await open(offset(5n), offset(20n));
    expect(await offsets(source, new Map([[0, 17n]]))).toEqual([17, 18, 19]);
    expect(await offsets(source, new Map([[0, 20n]]))).toEqual([]);
  });
});

describe('what retention has removed', () => {
  beforeAll(() => broker.removeBelow(topic, '13'));

  it.each([
    ['an offset', offset(12n)],
    ['a time', time(secondDay)],
  ])('is not left out in silence when it is asked for by %s', async (_, from) => {
    await expect(fromTopic(from, latest)).rejects.toMatchObject({
      code: 'KFK_3005',
      message: expect.stringContaining('--source lake') as string,
    });
    expect((await offsets(await fromLake(from, latest))).at(-1)).toBe(29);
  });

  it('is no matter to what begins behind it, or with what is there', async () => {
    expect(await offsets(await fromTopic(offset(13n), latest))).toEqual(numbers(13, 30));
    expect(await offsets(await fromTopic(earliest, latest))).toEqual(numbers(13, 30));
  });
});
