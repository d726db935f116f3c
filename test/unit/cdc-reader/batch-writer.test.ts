import { describe, expect, it, vi } from 'vitest';
import { BatchWriter, type BatchWriterOptions } from '../../../cdc-reader/batch-writer.ts';
import type { TopicRecords } from '../../../runtime/kafka/transactional-writer.ts';

const change = (seq: number, newSchema: object | null = null, bytes = 100) => ({
  message: { key: 'k', value: String(seq) },
  bytes,
  newSchema,
});

/** A broker whose transactions commit when the test says so. */
function slowBroker(overrides: Partial<BatchWriterOptions> = {}) {
  let added = 0;
  const written: (readonly TopicRecords[])[] = [];
  const commits: PromiseWithResolvers<undefined>[] = [];
  const batches = new BatchWriter({
    topic: 'changes',
    checkpoint: () => ({ topic: 'checkpoints', messages: [{ key: 's', value: String(added) }] }),
    schemaRecords: (schema) => ({
      topic: 'schemas',
      messages: [{ key: 'f', value: JSON.stringify(schema) }],
    }),
    write: async (records) => {
      written.push(records);
      const commit = Promise.withResolvers<undefined>();
      commits.push(commit);
      await commit.promise;
    },
    checkpointIntervalMs: 20,
    heartbeatMs: 60,
    ...overrides,
  });
  const abort = new AbortController();
  const running = batches.run(abort.signal);
  running.catch(() => undefined);
  const add = (bytes?: number) => {
    added += 1;
    batches.add(change(added, null, bytes));
  };
  return { batches, written, commits, running, abort, add };
}

const values = (records: readonly TopicRecords[] | undefined, topic: string) =>
  records
    ?.filter((each) => each.topic === topic)
    .flatMap(({ messages }) => messages.map(({ value }) => value));

async function toHaveWritten(written: readonly unknown[], count: number): Promise<void> {
  await vi.waitFor(() => expect(written).toHaveLength(count), { interval: 1 });
}

describe('BatchWriter', () => {
  it('takes what has gathered while the transaction before was committed', async () => {
    const { written, commits, add, batches, running } = slowBroker();
    add();
    await toHaveWritten(written, 1);
    for (let count = 0; count < 3; count += 1) add();
    expect(written).toHaveLength(1);
    commits[0]?.resolve(undefined);
    await toHaveWritten(written, 2);
    expect(values(written[1], 'changes')).toEqual(['2', '3', '4']);
    expect(values(written[1], 'checkpoints')).toEqual(['4']);
    batches.finish();
    commits[1]?.resolve(undefined);
    await running;
  });

  it('publishes a schema in the transaction of the first change that needs it', async () => {
    const { written, batches } = slowBroker();
    batches.add(change(1, { name: 'shape' }));
    batches.add(change(2));
    await toHaveWritten(written, 1);
    expect(written[0]?.map(({ topic }) => topic)).toEqual(['schemas', 'changes', 'checkpoints']);
  });

  it.each([
    ['records', undefined],
    ['bytes', 400_000],
  ])('is full at its limit of %s and has room when the batch is taken', async (_, bytes) => {
    const { written, commits, add, batches } = slowBroker();
    add();
    await toHaveWritten(written, 1);
    let count = 0;
    for (; !batches.full && count < 100_000; count += 1) add(bytes);
    expect(count).toBeLessThan(100_000);
    let room = false;
    const waiting = batches.room().then(() => {
      room = true;
    });
    await Promise.resolve();
    expect(room).toBe(false);
    commits[0]?.resolve(undefined);
    await waiting;
    expect(batches.full).toBe(false);
    expect(values(written[1], 'changes')).toHaveLength(count);
  });

  it('writes a checkpoint that moved without changes after the interval', async () => {
    const { written, batches } = slowBroker();
    const startedAt = performance.now();
    batches.moved();
    await toHaveWritten(written, 1);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
    expect(values(written[0], 'changes')).toEqual([]);
  });

  it('shows that it is alive when nothing moves, and is silent when the source is', async () => {
    const { written, batches, commits } = slowBroker();
    const startedAt = performance.now();
    batches.caughtUp();
    await toHaveWritten(written, 1);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
    commits[0]?.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(written).toHaveLength(1);
  });

  it('writes the rest and the last checkpoint when it is finished', async () => {
    const { written, commits, add, batches, running } = slowBroker({
      checkpointIntervalMs: 60_000,
    });
    add();
    await toHaveWritten(written, 1);
    add();
    batches.finish();
    commits[0]?.resolve(undefined);
    await toHaveWritten(written, 2);
    batches.moved();
    commits[1]?.resolve(undefined);
    await toHaveWritten(written, 3);
    commits[2]?.resolve(undefined);
    await running;
  });

  it('fails its run and whoever waits for room when a write fails', async () => {
    const { written, commits, add, batches, running } = slowBroker();
    add();
    await toHaveWritten(written, 1);
    add();
    const room = batches.room();
    commits[0]?.reject(new Error('fenced'));
    await expect(running).rejects.toThrow('fenced');
    await expect(room).rejects.toThrow('fenced');
  });

  it('ends at an abort', async () => {
    const { abort, running } = slowBroker();
    abort.abort(new Error('lock lost'));
    await expect(running).rejects.toThrow('lock lost');
  });
});
