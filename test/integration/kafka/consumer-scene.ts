import { expect, vi } from 'vitest';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import {
  runConsumerLoop,
  type ConsumedBatch,
  type ConsumerLoopOptions,
} from '../../../runtime/kafka/consumer-loop.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { uniqueName, type TestBroker, type TestTopic } from './broker.ts';
import { startTalkingChild, type TalkingChild } from './child-lines.ts';
import type { MemberArguments } from './consuming-member.ts';

const never = new AbortController().signal;
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
export const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
export const soon = { timeout: 20_000, interval: 50 };

export function numbersOf({ messages }: ConsumedBatch): number[] {
  return messages.map(({ value }) => Number(value));
}

function messagesOf(from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    key: `${from + index}`,
    value: `${from + index}`,
  }));
}

/** A topic and a group of a test's own, so that tests can run side by side. */
export async function createConsumerScene(
  broker: TestBroker,
  { partitions = 2, ...options }: TestTopic = {},
) {
  const topic = await broker.createTopic({ partitions, ...options });
  const groupId = uniqueName('group');
  const writer = createTransactionalWriter(broker.client(), {
    transactionalId: uniqueName('writer'),
    log: broker.log,
  });
  await writer.open(never);

  /** Starts a loop that runs beside the test, and tells what it handled. */
  function startLoop(options: Partial<ConsumerLoopOptions> = {}) {
    const stop = new AbortController();
    const handled: number[] = [];
    const ended = runConsumerLoop({
      kafka: broker.client(),
      groupId,
      topic,
      signal: stop.signal,
      log: broker.log,
      progress: createProgress(),
      handle: async (batch) => {
        handled.push(...numbersOf(batch));
      },
      ...options,
    });
    ended.catch(() => undefined);
    return {
      handled,
      ended,
      stop: async () => {
        stop.abort();
        await ended;
      },
    };
  }

  /** Sums over the partitions. */
  async function committedAndEnd(): Promise<{ committed: number; end: number }> {
    const admin = broker.client().admin();
    await admin.connect();
    try {
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
      // Nothing committed is -1.
      const sum = (values: string[]) => values.reduce((s, value) => s + Math.max(0, +value), 0);
      return {
        committed: sum(offsets?.partitions.map(({ offset }) => offset) ?? []),
        end: sum((await admin.fetchTopicOffsets(topic)).map(({ high }) => high)),
      };
    } finally {
      await admin.disconnect();
    }
  }

  return {
    close: () => writer.close(),
    topic,
    groupId,
    startLoop,
    committedAndEnd,
    async writeNumbers(from: number, to: number): Promise<void> {
      await writer.write([{ topic, messages: messagesOf(from, to) }], never);
      await broker.settled(topic);
    },
    /** Writes numbers in a transaction that is then aborted. */
    async abortNumbers(from: number, to: number): Promise<void> {
      const producer = broker.client().producer({ transactionalId: uniqueName('aborting') });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: messagesOf(from, to) });
      await transaction.abort();
      await producer.disconnect();
      await broker.settled(topic);
    },
    untilNoLag: () =>
      vi.waitFor(async () => {
        const { committed, end } = await committedAndEnd();
        expect(committed).toBe(end);
      }, soon),
    startMember: ({ handleMs }: { readonly handleMs: number }): TalkingChild =>
      startTalkingChild('consuming-member.ts', {
        ...{ brokers: broker.brokers, topic, groupId },
        ...{ sessionTimeoutMs: 1_500, handleMs },
      } satisfies MemberArguments),
    /** Moves the group's positions, as somebody would who restored another log. */
    async setPosition(partition: number, offset: string): Promise<void> {
      const admin = broker.client().admin();
      await admin.connect();
      await admin.setOffsets({ groupId, topic, partitions: [{ partition, offset }] });
      await admin.disconnect();
    },
  };
}
