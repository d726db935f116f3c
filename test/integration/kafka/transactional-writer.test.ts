import { setTimeout as delay } from 'node:timers/promises';
import { Partitioners, type Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRange } from '../../../runtime/kafka/bounded-reader.ts';
import { createCheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { openTopicFetcher } from '../../../runtime/kafka/topic-fetcher.ts';
import {
  createTransactionalWriter,
  type TransactionalWriterOptions,
} from '../../../runtime/kafka/transactional-writer.ts';
import { startTestBroker, uniqueName, type TestBroker } from './broker.ts';
import { startTalkingChild, type TalkingChild } from './child-lines.ts';
import { parseCount, type CountingArguments } from './counting-writer.ts';
import { apiKeys, startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';

const KILLS = process.env['CAREPLUS_LONG'] === '1' ? 200 : 6;

let broker: TestBroker;
let proxy: FaultyProxy;
const signal = new AbortController().signal;

beforeAll(async () => {
  broker = await startTestBroker();
  proxy = await startFaultyProxy(broker.brokers[0] ?? '');
});

afterAll(async () => {
  await proxy.close();
  await broker.stop();
});

function writerOf(kafka: Kafka, options: Partial<TransactionalWriterOptions> = {}) {
  return createTransactionalWriter(kafka, {
    transactionalId: uniqueName('writer'),
    log: broker.log,
    ...options,
  });
}

/** What a read_committed reader sees of a topic, in order of partition and offset. */
async function committedValues(topic: string): Promise<string[]> {
  const values: string[] = [];
  await broker.settled(topic);
  await readRange({
    kafka: broker.client(),
    topic,
    signal,
    onBatch: ({ messages }) => {
      for (const { value } of messages) values.push(value?.toString('utf8').trimEnd() ?? 'null');
    },
  });
  return values;
}

function text(value: string) {
  return { key: 'key', value };
}

describe('a transaction', () => {
  it('shows all its records or none', async () => {
    const [topic, other] = [await broker.createTopic(), await broker.createTopic()];
    const writer = writerOf(broker.client());
    await writer.open(signal);
    await writer.write(
      [
        { topic, messages: [text('a'), text('b')] },
        { topic: other, messages: [text('checkpoint')] },
      ],
      signal,
    );
    expect(await committedValues(topic)).toEqual(['a', 'b']);
    expect(await committedValues(other)).toEqual(['checkpoint']);
    await writer.close();
  });

  it('carries more than one batch may hold, in order', async () => {
    const topic = await broker.createTopic();
    const writer = writerOf(broker.client());
    await writer.open(signal);
    const messages = Array.from({ length: 60 }, (_, n) => text(`${n}`.padEnd(50_000)));
    await writer.write([{ topic, messages }], signal);
    expect(await committedValues(topic)).toEqual(messages.map(({ value }) => value.trimEnd()));
    await writer.close();
  });

  it('takes the partition that the Java client would take', async () => {
    const topic = await broker.createTopic({ partitions: 6 });
    const writer = writerOf(broker.client());
    await writer.open(signal);
    const keys = Array.from({ length: 40 }, (_, n) => `TICKET-${n}`);
    await writer.write([{ topic, messages: keys.map((key) => ({ key, value: key })) }], signal);
    await writer.close();
    await broker.settled(topic);
    // kafkajs' own partitioner is tested against the Java client.
    const partitioner = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({
      ...{ partitionId, partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] },
    }));
    const seen = new Map<string, number>();
    await readRange({
      kafka: broker.client(),
      topic,
      signal,
      onBatch: ({ partition, messages }) => {
        for (const { key } of messages) seen.set(key?.toString('utf8') ?? '', partition);
      },
    });
    for (const key of keys) {
      const message = { key, value: null };
      expect(seen.get(key)).toBe(partitioner({ topic, partitionMetadata, message }));
    }
  });

  it('refuses a record that no batch can hold, names it, and goes on', async () => {
    const topic = await broker.createTopic();
    const writer = writerOf(broker.client());
    await writer.open(signal);
    const messages = [text('small'), { key: 'TICKET-7', value: 'x'.repeat(1_000_000) }];
    await expect(writer.write([{ topic, messages }], signal)).rejects.toMatchObject({
      code: 'KFK_3008',
      context: { key: 'TICKET-7', topic },
    });
    await writer.write([{ topic, messages: [text('next')] }], signal);
    expect(await committedValues(topic)).toEqual(['next']);
    await writer.close();
  });
});

describe('fencing', () => {
  it('ends the older writer with the same transactional id', async () => {
    const topic = await broker.createTopic();
    const transactionalId = uniqueName('writer');
    const older = writerOf(broker.client(), { transactionalId });
    const newer = writerOf(broker.client(), { transactionalId });
    await older.open(signal);
    await older.write([{ topic, messages: [text('older')] }], signal);
    await newer.open(signal);
    await expect(
      older.write([{ topic, messages: [text('zombie')] }], signal),
    ).rejects.toMatchObject({ code: 'KFK_3001' });
    await expect(older.write([{ topic, messages: [text('again')] }], signal)).rejects.toMatchObject(
      {
        code: 'KFK_3002',
        retryable: true,
      },
    );
    await newer.write([{ topic, messages: [text('newer')] }], signal);
    expect(await committedValues(topic)).toEqual(['older', 'newer']);
    await Promise.all([older.close(), newer.close()]);
  });

  it('asks to be opened again after its age, and not by itself: that would fence a newer one', async () => {
    const topic = await broker.createTopic();
    let now = 0;
    const writer = writerOf(broker.client(), { rebuildAfterMs: 1_000, now: () => now });
    await writer.open(signal);
    await writer.write([{ topic, messages: [text('young')] }], signal);
    now = 1_001;
    const old = [{ topic, messages: [text('old')] }];
    await expect(writer.write(old, signal)).rejects.toMatchObject({ code: 'KFK_3002' });
    await writer.open(signal);
    await writer.write(old, signal);
    expect(await committedValues(topic)).toEqual(['young', 'old']);
    await writer.close();
  });
});

describe('a lost answer', () => {
  // Facts of the client, not of ours: why a producer that failed once is never used again.
  it('makes a kafkajs producer that is used again lose a committed record', async () => {
    const topic = await broker.createTopic();
    const producer = proxy.client({ retries: 0, initialRetryTime: 10 }).producer({
      transactionalId: uniqueName('reused'),
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const commit = async (value: string) => {
      const transaction = await producer.transaction();
      try {
        await transaction.send({ topic, messages: [text(value)] });
      } catch (error) {
        await transaction.abort();
        throw error;
      }
      await transaction.commit();
    };
    await commit('a');
    const lost = proxy.loseAnswer(apiKeys.produce);
    await vi.waitFor(async () => {
      // The markers of the last commit may still be under way; then nothing was sent yet.
      await expect(commit('b')).rejects.toThrow('Closed connection');
    });
    await lost;
    await vi.waitFor(() => commit('c'));
    expect(await committedValues(topic)).toEqual(['a']);
    await producer.disconnect();
  });

  it('of a batch loses and doubles nothing', async () => {
    const topic = await broker.createTopic();
    const writer = writerOf(proxy.client());
    await writer.open(signal);
    await writer.write([{ topic, messages: [text('a')] }], signal);
    const lost = proxy.loseAnswer(apiKeys.produce);
    await writer.write([{ topic, messages: [text('b')] }], signal);
    await lost;
    await writer.write([{ topic, messages: [text('c')] }], signal);
    expect(await committedValues(topic)).toEqual(['a', 'b', 'c']);
    await writer.close();
  });

  it('of a commit leaves the truth to the checkpoint', async () => {
    const [topic, checkpoints] = [await broker.createTopic(), await broker.createTopic()];
    const kafka = proxy.client();
    const writer = writerOf(kafka);
    const store = createCheckpointStore(kafka, {
      ...{ topic: checkpoints, parse: parseCount, log: broker.log },
    });
    const write = (value: string, next: number) =>
      writer.write([{ topic, messages: [text(value)] }, store.records('source', { next })], signal);
    await writer.open(signal);
    await write('1', 2);
    const lost = proxy.loseAnswer(apiKeys.endTxn);
    await expect(write('2', 3)).rejects.toMatchObject({ code: 'KFK_3002', retryable: true });
    await lost;
    await writer.open(signal);
    // The broker had committed before its answer was lost.
    expect(await store.recover('source', writer, signal)).toEqual({ next: 3 });
    await write('3', 4);
    expect(await committedValues(topic)).toEqual(['1', '2', '3']);
    await writer.close();
  });

  it.each([
    ['a commit', apiKeys.endTxn, 3],
    ['a batch', apiKeys.produce, 2],
  ])('of %s that never comes leaves the truth to the checkpoint', async (_, apiKey, truth) => {
    const [topic, checkpoints] = [await broker.createTopic(), await broker.createTopic()];
    const cutOff = await startFaultyProxy(broker.brokers[0] ?? '');
    const transactionalId = uniqueName('writer');
    const openStore = async (kafka: Kafka) => {
      const writer = writerOf(kafka, { transactionalId, transactionTimeoutMs: 1_000 });
      const store = createCheckpointStore(kafka, {
        ...{ topic: checkpoints, parse: parseCount, log: broker.log },
      });
      await writer.open(signal);
      const write = (next: number) =>
        writer.write(
          [{ topic, messages: [text(`${next - 1}`)] }, store.records('source', { next })],
          signal,
        );
      return { writer, store, write };
    };
    const first = await openStore(cutOff.client());
    await first.write(2);
    cutOff.holdAnswers(apiKey);
    await expect(first.write(3)).rejects.toMatchObject({ code: 'KFK_3002', retryable: true });
    await cutOff.close();

    const second = await openStore(broker.client());
    const recovered = await second.store.recover('source', second.writer, signal);
    // The broker had committed before its answer was lost; a batch alone commits nothing.
    expect(recovered).toEqual({ next: truth });
    await second.write(truth + 1);
    expect(await committedValues(topic)).toEqual(['1', '2', '3'].slice(0, truth));
    await second.writer.close();
  });
});

function startCounting(options: CountingArguments): TalkingChild {
  return startTalkingChild('counting-writer.ts', options);
}

describe('processes that end or stop at any moment', () => {
  it(
    `write every number exactly once over ${KILLS} kills (I3, I8)`,
    { timeout: 600_000 },
    async () => {
      const topic = await broker.createTopic({ partitions: 3 });
      const checkpoints = await broker.createTopic({ config: { 'cleanup.policy': 'compact' } });
      const source = uniqueName('source');
      for (let kill = 0; kill < KILLS; kill++) {
        const child = startCounting({
          ...{ brokers: broker.brokers, topic, checkpoints, source, maxPerTransaction: 40 },
        });
        await child.line(/^ready$/);
        // The moment is random on purpose: it falls into every phase of a transaction.
        await delay(Math.random() * 200);
        await child.end();
      }
      const kafka = broker.client();
      const writer = writerOf(kafka, { transactionalId: source });
      await writer.open(signal);
      const store = createCheckpointStore(kafka, {
        topic: checkpoints,
        parse: parseCount,
        log: broker.log,
      });
      const next = (await store.recover(source, writer, signal))?.next ?? 0;
      await writer.close();
      const numbers = (await committedValues(topic)).map(Number).sort((a, b) => a - b);
      expect(next).toBeGreaterThan(KILLS);
      expect(numbers).toEqual(Array.from({ length: next - 1 }, (_, index) => index + 1));
    },
  );

  it('delay readers of the same partitions no longer than the transaction timeout (I6)', async () => {
    const topic = await broker.createTopic();
    const checkpoints = await broker.createTopic({ config: { 'cleanup.policy': 'compact' } });
    const child = startCounting({
      ...{ brokers: broker.brokers, topic, checkpoints, source: uniqueName('stopped') },
      ...{ maxPerTransaction: 200, valueBytes: 20_000, transactionTimeoutMs: 2_000 },
    });
    try {
      await child.line(/^ready$/);
      await stopInsideTransaction(child, topic);

      const kafka = broker.client();
      const writer = writerOf(kafka);
      const store = createCheckpointStore(kafka, {
        topic: checkpoints,
        parse: parseCount,
        log: broker.log,
      });
      const startedAt = performance.now();
      await writer.open(signal);
      expect(await store.recover('other', writer, signal)).toBeUndefined();
      await writer.write([{ topic, messages: [text('other')] }], signal);
      await vi.waitFor(async () => expect(await committedValues(topic)).toContain('other'), {
        timeout: 30_000,
        interval: 100,
      });
      // The broker looks for expired transactions every 10 s by default.
      expect(performance.now() - startedAt).toBeLessThan(2_000 + 10_000 + 3_000);
      await writer.close();

      child.kill('SIGCONT');
      await child.line(/^KFK_3001/);
    } finally {
      await child.end();
    }
  });

  /** Stops the process at a moment when its transaction is open on the topic. */
  async function stopInsideTransaction(child: TalkingChild, topic: string): Promise<void> {
    const [committed, uncommitted] = await Promise.all([
      openTopicFetcher(broker.client(), { topic }),
      openTopicFetcher(broker.client(), { topic, uncommitted: true }),
    ]);
    const isOpen = async () => {
      const stable = (await committed.ranges()).get(0)?.end ?? 0n;
      return stable < ((await uncommitted.ranges()).get(0)?.end ?? 0n);
    };
    await vi.waitFor(
      async () => {
        child.kill('SIGSTOP');
        // Twice: a commit that was under way when the process stopped may still end.
        if ((await isOpen()) && (await delay(100).then(isOpen))) return;
        child.kill('SIGCONT');
        throw new Error('between two transactions');
      },
      { timeout: 30_000, interval: 20 },
    );
    await Promise.all([committed.close(), uncommitted.close()]);
  }
});
