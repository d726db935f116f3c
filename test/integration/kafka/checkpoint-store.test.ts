import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createCheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { followCompacted } from '../../../runtime/kafka/compacted-tail.ts';
import { openTopicFetcher } from '../../../runtime/kafka/topic-fetcher.ts';
import {
  createTransactionalWriter,
  type TransactionalWriter,
} from '../../../runtime/kafka/transactional-writer.ts';
import { startTestBroker, uniqueName, type TestBroker, type TestTopic } from './broker.ts';

const placeSchema = z.strictObject({ place: z.number() });
const parsePlace = (json: unknown) => placeSchema.parse(json);
const signal = new AbortController().signal;

/** Compacts as soon as there is anything to compact; segments close quickly. */
const compacted: TestTopic = {
  config: {
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0.01',
    'segment.ms': '500',
    'delete.retention.ms': '100',
    'max.compaction.lag.ms': '500',
  },
};

let broker: TestBroker;

beforeAll(async () => {
  broker = await startTestBroker();
});

afterAll(async () => {
  await broker.stop();
});

function storeOf(topic: string) {
  return createCheckpointStore(broker.client(), { topic, parse: parsePlace, log: broker.log });
}

async function openWriter(transactionalId = uniqueName('writer')): Promise<TransactionalWriter> {
  const writer = createTransactionalWriter(broker.client(), { transactionalId, log: broker.log });
  await writer.open(signal);
  return writer;
}

/** Waits until compaction has left at most this many records of the topic. */
async function waitForCompaction(topic: string, writer: TransactionalWriter, records: number) {
  const fetcher = await openTopicFetcher(broker.client(), { topic, compacted: true });
  try {
    await vi.waitFor(
      async () => {
        // Only closed segments are compacted, and a segment closes when something is written to it.
        await writer.write([{ topic, messages: [{ key: 'filler', value: 'x' }] }], signal);
        const { start, end } = (await fetcher.ranges()).get(0) ?? { start: 0n, end: 0n };
        let seen = 0;
        for (let position = start; position < end;) {
          const [fetched] = await fetcher.fetch(new Map([[0, position]]), signal);
          seen += fetched?.messages.length ?? 0;
          position = fetched?.next ?? position;
        }
        expect(seen).toBeLessThanOrEqual(records);
      },
      { timeout: 40_000, interval: 300 },
    );
  } finally {
    await fetcher.close();
  }
}

describe('the checkpoint of a key', () => {
  it('is undefined when the topic holds none', async () => {
    const store = storeOf(await broker.createTopic(compacted));
    const writer = await openWriter();
    expect(await store.recover('a', writer, signal)).toBeUndefined();
    // The marker of the last start is no checkpoint either.
    expect(await store.recover('a', writer, signal)).toBeUndefined();
    await writer.close();
  });

  it('is the last one committed under that very key', async () => {
    const store = storeOf(await broker.createTopic(compacted));
    const writer = await openWriter();
    for (const place of [1, 2, 3]) await writer.write([store.records('a', { place })], signal);
    await writer.write([store.records('b', { place: 9 })], signal);
    await writer.write([store.records('a#other', { place: 8 })], signal);
    expect(await store.recover('a', writer, signal)).toEqual({ place: 3 });
    expect(await store.readLatest(() => true, signal)).toEqual(
      new Map([
        ['a', { place: 3 }],
        ['b', { place: 9 }],
        ['a#other', { place: 8 }],
      ]),
    );
    expect(await store.readLatest((key) => key === 'b', signal)).toEqual(
      new Map([['b', { place: 9 }]]),
    );
    await writer.close();
  });

  it('is found though thousands of other records came after it', async () => {
    const topic = await broker.createTopic(compacted);
    const store = storeOf(topic);
    const writer = await openWriter();
    await writer.write([store.records('a', { place: 1 })], signal);
    const messages = Array.from({ length: 6_000 }, (_, n) => ({ key: `other-${n}`, value: '{}' }));
    await writer.write([{ topic, messages }], signal);
    expect(await store.recover('a', writer, signal)).toEqual({ place: 1 });
    await writer.close();
  });

  it('is refused when its value is none, and the others are not', async () => {
    const topic = await broker.createTopic(compacted);
    const store = storeOf(topic);
    const writer = await openWriter();
    await writer.write([store.records('b', { place: 9 })], signal);
    await writer.write([{ topic, messages: [{ key: 'a', value: '{"place":' }] }], signal);
    await expect(store.recover('a', writer, signal)).rejects.toMatchObject({
      code: 'KFK_3003',
      context: { topic, key: 'a', offset: '2' },
    });
    const others = await store.readLatest((key) => key !== 'a', signal);
    expect(others).toEqual(new Map([['b', { place: 9 }]]));
    await writer.close();
  });

  it('survives compaction, and the batches that compaction emptied are passed over', async () => {
    const topic = await broker.createTopic(compacted);
    const store = storeOf(topic);
    const writer = await openWriter();
    for (let place = 1; place <= 100; place++) {
      await writer.write([store.records('a', { place })], signal);
    }
    await waitForCompaction(topic, writer, 40);
    // A writer of its own: what it reads begins with emptied batches of the first one.
    const other = await openWriter();
    const startedAt = performance.now();
    expect(await store.recover('a', other, signal)).toEqual({ place: 100 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect((await store.readLatest((key) => key === 'a', signal)).get('a')).toEqual({ place: 100 });
    await Promise.all([writer.close(), other.close()]);
  });

  it('is not read past an open transaction: recover waits, and gives up in time', async () => {
    const topic = await broker.createTopic(compacted);
    const open = broker.client().producer({ transactionalId: uniqueName('open') });
    await open.connect();
    const transaction = await open.transaction();
    await transaction.send({ topic, messages: [{ key: 'other', value: '{}' }] });
    const writer = await openWriter();
    const impatient = createCheckpointStore(broker.client(), {
      ...{ topic, parse: parsePlace, log: broker.log, recoverTimeoutMs: 500 },
    });
    await expect(impatient.recover('a', writer, signal)).rejects.toMatchObject({
      code: 'KFK_3006',
      retryable: true,
    });
    const recovered = storeOf(topic).recover('a', writer, signal);
    await transaction.abort();
    expect(await recovered).toBeUndefined();
    await Promise.all([open.disconnect(), writer.close()]);
  });
});

describe('following a compacted topic', () => {
  it('tells the newest value of each key, then every change, until the signal aborts', async () => {
    const topic = await broker.createTopic(compacted);
    const store = storeOf(topic);
    const writer = await openWriter();
    for (const place of [1, 2, 3]) await writer.write([store.records('a', { place })], signal);
    const seen = new Map<string, string | null>();
    const stop = new AbortController();
    const following = followCompacted({
      ...{ kafka: broker.client(), topic, signal: stop.signal },
      onValue: (key, value) => seen.set(key, value?.toString('utf8') ?? null),
    });
    await vi.waitFor(() => expect(seen).toEqual(new Map([['a', '{"place":3}']])), 10_000);
    await writer.write([store.records('b', { place: 5 })], signal);
    await vi.waitFor(() => expect(seen.get('b')).toBe('{"place":5}'), 10_000);
    await writer.write([{ topic, messages: [{ key: 'a', value: null }] }], signal);
    await vi.waitFor(() => expect(seen.get('a')).toBeNull(), 10_000);
    stop.abort();
    await Promise.race([following, delay(3_000).then(() => Promise.reject(new Error('goes on')))]);
    await writer.close();
  });
});
