import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readRange, type ReadRangeOptions } from '../../../runtime/kafka/bounded-reader.ts';
import {
  createTransactionalWriter,
  type TransactionalWriter,
} from '../../../runtime/kafka/transactional-writer.ts';
import { startTestBroker, uniqueName, type TestBroker } from './broker.ts';
import { apiKeys, startFaultyProxy } from './faulty-proxy.ts';

const signal = new AbortController().signal;
let broker: TestBroker;
let writer: TransactionalWriter;

beforeAll(async () => {
  broker = await startTestBroker();
  writer = createTransactionalWriter(broker.client(), {
    transactionalId: uniqueName('writer'),
    log: broker.log,
  });
  await writer.open(signal);
});

afterAll(async () => {
  await writer.close();
  await broker.stop();
});

async function writeNumbers(topic: string, from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from + 1 }, (_, index) => ({
    key: `${from + index}`,
    value: `${from + index}`,
  }));
  await writer.write([{ topic, messages }], signal);
  await broker.settled(topic);
}

async function readNumbers(options: Partial<ReadRangeOptions> & { readonly topic: string }) {
  const numbers: number[] = [];
  const ranges = await readRange({
    kafka: broker.client(),
    signal,
    onBatch: ({ messages }) => {
      for (const { value } of messages) numbers.push(Number(value));
    },
    ...options,
  });
  return { numbers, ranges };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it('reads all partitions to the end though the end is a commit marker', async () => {
  const topic = await broker.createTopic({ partitions: 4 });
  for (let from = 1; from <= 401; from += 100) await writeNumbers(topic, from, from + 99);
  const { numbers, ranges } = await readNumbers({ topic });
  expect(numbers.toSorted((a, b) => a - b)).toEqual(upTo(500));
  // 5 transactions: a marker in each partition that took part.
  const total = [...ranges.values()].reduce((sum, { start, end }) => sum + (end - start), 0n);
  expect(total).toBeGreaterThan(500n);
});

it('ends at once on an empty topic', async () => {
  const topic = await broker.createTopic({ partitions: 2 });
  expect((await readNumbers({ topic })).numbers).toEqual([]);
});

it('reads what was there at the call, not what comes while it reads', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 10);
  const numbers: number[] = [];
  await readRange({
    kafka: broker.client(),
    topic,
    signal,
    onBatch: async ({ messages }) => {
      for (const { value } of messages) numbers.push(Number(value));
      await writeNumbers(topic, 11, 20);
    },
  });
  expect(numbers).toEqual(upTo(10));
});

it('reads no more than the range and the partitions that were asked for', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 50);
  const { numbers, ranges } = await readNumbers({
    topic,
    start: new Map([[0, 10n]]),
    end: new Map([[0, 13n]]),
  });
  expect(numbers).toEqual([11, 12, 13]);
  expect(ranges).toEqual(new Map([[0, { start: 10n, end: 13n }]]));
  expect((await readNumbers({ topic, partitions: [] })).numbers).toEqual([]);
});

it('never shows aborted records, wherever the range begins', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 3);
  const producer = broker.client().producer({ transactionalId: uniqueName('aborting') });
  await producer.connect();
  const transaction = await producer.transaction();
  for (const value of ['-1', '-2', '-3']) {
    await transaction.send({ topic, messages: [{ key: 'k', value }] });
  }
  await transaction.abort();
  await producer.disconnect();
  await writeNumbers(topic, 4, 6);
  for (let start = 0n; start < 8n; start++) {
    const { numbers } = await readNumbers({ topic, start: new Map([[0, start]]) });
    expect(numbers.filter((number) => number < 0)).toEqual([]);
    expect(numbers).toContain(6);
  }
  expect((await readNumbers({ topic })).numbers).toEqual(upTo(6));
  const uncommitted = await readNumbers({ topic, uncommitted: true });
  expect(uncommitted.numbers).toEqual([1, 2, 3, -1, -2, -3, 4, 5, 6]);
});

it('passes over a batch at the end of a segment that compaction has emptied', async () => {
  const topic = await broker.createTopic({
    config: {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.01',
      'segment.bytes': '1048576',
    },
  });
  // The broker keeps the last batch of an idempotent producer, without its records.
  const [kept, other] = [true, false].map((idempotent) =>
    broker.client().producer({ idempotent, maxInFlightRequests: 1 }),
  );
  await Promise.all([kept?.connect(), other?.connect()]);
  const large = 'x'.repeat(900_000);
  await other?.send({ topic, messages: [{ key: 'b', value: large }] });
  await kept?.send({ topic, messages: [{ key: 'a', value: 'old' }] });
  // A second segment, whose a is the newer one, and a third: the last one is never compacted.
  await other?.send({ topic, messages: [{ key: 'c', value: large }] });
  await other?.send({ topic, messages: [{ key: 'a', value: 'new' }] });
  await other?.send({ topic, messages: [{ key: 'd', value: large }] });
  await Promise.all([kept?.disconnect(), other?.disconnect()]);

  const read = async () => {
    const keys: string[] = [];
    await readRange({
      ...{ kafka: broker.client(), topic, signal, compacted: true, stallMs: 2_000 },
      onBatch: ({ messages }) => {
        for (const { key } of messages) keys.push(key?.toString() ?? '');
      },
    });
    return keys;
  };
  await vi.waitFor(async () => expect(await read()).toEqual(['b', 'c', 'a', 'd']), {
    timeout: 30_000,
    interval: 200,
  });
});

it('refuses a start that retention has removed, unless it may begin later', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 20);
  await broker.removeBelow(topic, '5');
  const start = new Map([[0, 2n]]);
  await expect(readNumbers({ topic, start })).rejects.toMatchObject({
    code: 'KFK_3005',
    context: { start: '2', low: '5' },
  });
  expect((await readNumbers({ topic, start, clamp: true })).numbers[0]).toBe(6);
});

it('passes the error of a handler on and stops', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 5);
  const failing = readNumbers({
    topic,
    onBatch: () => {
      throw new Error('sink');
    },
  });
  await expect(failing).rejects.toThrow('sink');
});

it('ends with the signal, which is its error', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 5);
  await writeNumbers(topic, 6, 10);
  const stop = new AbortController();
  const onBatch = vi.fn(() => stop.abort());
  // A batch a fetch.
  const reading = readNumbers({ topic, signal: stop.signal, onBatch, maxBytesPerPartition: 1 });
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  expect(onBatch).toHaveBeenCalledTimes(1);
});

it('rides through a lost connection, and gives up when nothing comes for long', async () => {
  const topic = await broker.createTopic();
  await writeNumbers(topic, 1, 1_000);
  const proxy = await startFaultyProxy(broker.brokers[0] ?? '');
  const kafka = proxy.client();
  const lost = proxy.loseAnswer(apiKeys.fetch);
  expect((await readNumbers({ kafka, topic })).numbers).toEqual(upTo(1_000));
  await lost;
  proxy.holdAnswers(apiKeys.fetch);
  const onBatch = vi.fn();
  const stalled = readNumbers({ kafka, topic, stallMs: 500, onBatch });
  await expect(stalled).rejects.toMatchObject({ code: 'KFK_3006', retryable: true });
  expect(onBatch).not.toHaveBeenCalled();
  await proxy.close();
});
