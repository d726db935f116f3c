import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import type { LostRecords } from '../../../runtime/kafka/consumer-loop.ts';
import { PipelineError } from '../../../runtime/pipeline-error.ts';
import { startTestBroker, type TestBroker, type TestTopic } from './broker.ts';
import { createConsumerScene, numbersOf, soon, sorted, upTo } from './consumer-scene.ts';
import { apiKeys, startFaultyProxy } from './faulty-proxy.ts';

let broker: TestBroker;
const scenes: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  broker = await startTestBroker();
});

afterAll(async () => {
  await Promise.all(scenes.map((scene) => scene.close()));
  await broker.stop();
});

async function createScene(options?: TestTopic) {
  const scene = await createConsumerScene(broker, options);
  scenes.push(scene);
  return scene;
}

describe.concurrent('a consumer loop', () => {
  it('handles everything from the beginning and leaves no lag at rest', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 100);
    const loop = scene.startLoop({ partitionsConsumedConcurrently: 2 });
    await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(100)), soon);
    await scene.writeNumbers(101, 120);
    await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(120)), soon);
    await scene.untilNoLag();
    // What is never shown moves the position too.
    await scene.abortNumbers(121, 130);
    await scene.untilNoLag();
    expect(sorted(loop.handled)).toEqual(upTo(120));
    await loop.stop();
    await scene.abortNumbers(131, 140);
    const next = scene.startLoop();
    await scene.untilNoLag();
    expect(next.handled).toEqual([]);
    await next.stop();
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'reads what a broker keeps as %s (I6)',
    async (type) => {
      const scene = await createScene({ config: { 'compression.type': type } });
      await scene.writeNumbers(1, 3_000);
      const loop = scene.startLoop();
      await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(3_000)), soon);
      await loop.stop();
    },
  );

  it('commits nothing before the handler has resolved, and lets it end when stopped (I3)', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 10);
    const gate = Promise.withResolvers<undefined>();
    const first: number[] = [];
    const loop = scene.startLoop({
      handle: async (batch, { signal }) => {
        first.push(...numbersOf(batch));
        await gate.promise;
        expect(signal.aborted).toBe(false);
      },
    });
    await vi.waitFor(() => expect(first).not.toEqual([]), soon);
    expect((await scene.committedAndEnd()).committed).toBe(0);
    const stopped = loop.stop();
    gate.resolve(undefined);
    await stopped;
    expect((await scene.committedAndEnd()).committed).toBeGreaterThan(0);
    const rest = scene.startLoop();
    await scene.untilNoLag();
    await rest.stop();
    expect(sorted([...first, ...rest.handled])).toEqual(upTo(10));
  });

  it('hands a batch over again after an error', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 10);
    const attempts: number[][] = [];
    const loop = scene.startLoop({
      handle: async (batch) => {
        attempts.push(numbersOf(batch));
        if (attempts.length === 1) throw new PipelineError('LAKE_4001', 'x', { retryable: true });
      },
    });
    await vi.waitFor(() => {
      expect(attempts.filter((numbers) => numbers.join() === attempts[0]?.join())).toHaveLength(2);
    }, soon);
    await loop.stop();
  });

  it('ends with a programming error instead of living on without consuming', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 1);
    const loop = scene.startLoop({
      handle: async () => {
        throw new TypeError('undefined is not a function');
      },
    });
    await expect(loop.ended).rejects.toMatchObject({
      ...{ code: 'KFK_3009', retryable: false, context: { topic: scene.topic } },
      cause: expect.any(TypeError) as TypeError,
    });
    expect((await scene.committedAndEnd()).committed).toBe(0);
  });

  it('ends with an error that no retry can cure', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 1);
    const loop = scene.startLoop({
      handle: async () => {
        throw new PipelineError('LAKE_4002', 'no such stream');
      },
    });
    await expect(loop.ended).rejects.toMatchObject({ code: 'LAKE_4002' });
  });

  it('stays a member through a handler that takes longer than the session', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 1);
    const progress = createProgress();
    const seen: number[] = [];
    const loop = scene.startLoop({
      ...{ progress, sessionTimeoutMs: 2_000 },
      handle: async (batch, { signal }) => {
        await delay(4_000, undefined, { signal });
        seen.push(...numbersOf(batch));
      },
    });
    await scene.untilNoLag();
    expect(seen).toEqual([1]);
    expect(progress.ageMs).toBeLessThan(2_000);
    await loop.stop();
  });

  it('ends when a handler gives no sign of life, and not while it gives one', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 1);
    const handling = createProgress();
    const waiting = Promise.withResolvers<undefined>();
    const beats = setInterval(() => handling.beat(), 100);
    const loop = scene.startLoop({
      ...{ handling, stallMs: 1_000 },
      handle: () => {
        waiting.resolve(undefined);
        return new Promise(() => undefined);
      },
    });
    await waiting.promise;
    const isOver = vi.fn();
    loop.ended.catch(isOver);
    await delay(2_500);
    expect(isOver).not.toHaveBeenCalled();
    clearInterval(beats);
    await expect(loop.ended).rejects.toMatchObject({ code: 'KFK_3006', retryable: true });
    expect((await scene.committedAndEnd()).committed).toBe(0);
  });

  it('stops the handlers of other partitions when one ends it', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 40);
    const running = new Set<number>();
    const both = Promise.withResolvers<undefined>();
    const stopped = Promise.withResolvers<unknown>();
    const loop = scene.startLoop({
      partitionsConsumedConcurrently: 2,
      handle: async ({ partition }, { signal }) => {
        running.add(partition);
        if (running.size === 2) both.resolve(undefined);
        await both.promise;
        if (partition === 0) throw new TypeError('a bug');
        await delay(600_000, undefined, { signal }).catch(stopped.resolve);
      },
    });
    await expect(loop.ended).rejects.toMatchObject({ code: 'KFK_3009' });
    expect(await stopped.promise).toMatchObject({ name: 'AbortError' });
  });

  it('ends when records wait and none arrives', async () => {
    const scene = await createScene();
    const proxy = await startFaultyProxy(broker.brokers[0] ?? '');
    await scene.writeNumbers(1, 1);
    proxy.holdAnswers(apiKeys.fetch);
    const kafka = proxy.client();
    const loop = scene.startLoop({ kafka, stallMs: 1_000 });
    await expect(loop.ended).rejects.toMatchObject({ code: 'KFK_3006', retryable: true });
    expect(loop.handled).toEqual([]);
    await proxy.close();
  });
});

describe.concurrent('records that retention removed before they were read', () => {
  /** Ten numbers in one partition, at offsets 0 to 9; 10 is their commit marker. */
  async function createLog() {
    const scene = await createScene({ partitions: 1 });
    await scene.writeNumbers(1, 10);
    return scene;
  }

  async function createConsumedLog() {
    const scene = await createLog();
    const loop = scene.startLoop();
    await scene.untilNoLag();
    await loop.stop();
    return scene;
  }

  it('stop a loop that starts, and keep its position, until they are accepted as lost', async () => {
    const scene = await createConsumedLog();
    await scene.writeNumbers(11, 20);
    await broker.removeBelow(scene.topic, '15');
    const before = await scene.committedAndEnd();
    for (const loop of [scene.startLoop(), scene.startLoop()]) {
      await expect(loop.ended).rejects.toMatchObject({
        code: 'KFK_3005',
        context: { topic: scene.topic, partition: 0, from: '11', to: '15' },
      });
      expect(await scene.committedAndEnd()).toEqual(before);
    }
    const lost: LostRecords[] = [];
    const loop = scene.startLoop({ onRecordsLost: (records) => void lost.push(records) });
    // Offset 10 is the marker of the first ten, 11 the first record after it.
    await vi.waitFor(() => expect(loop.handled).toEqual([15, 16, 17, 18, 19, 20]), soon);
    expect(lost).toEqual([{ topic: scene.topic, partition: 0, from: 11n, to: 15n }]);
    await loop.stop();
  });

  it('stop a loop that runs, and keep its position', async () => {
    const scene = await createLog();
    let batches = 0;
    const handle = async () => {
      batches += 1;
      if (batches > 1) return;
      await scene.writeNumbers(11, 20);
      await scene.writeNumbers(21, 30);
      await broker.removeBelow(scene.topic, '25');
    };
    const loop = scene.startLoop({ handle });
    const lost = {
      code: 'KFK_3005',
      context: { topic: scene.topic, partition: 0, from: '11', to: '25' },
    };
    await expect(loop.ended).rejects.toMatchObject(lost);
    expect((await scene.committedAndEnd()).committed).toBe(11);
    await expect(scene.startLoop().ended).rejects.toMatchObject(lost);
  });

  it('are told to a loop that goes on behind them', async () => {
    const scene = await createLog();
    const lost: LostRecords[] = [];
    const seen: number[] = [];
    const loop = scene.startLoop({
      onRecordsLost: (records) => void lost.push(records),
      handle: async (batch) => {
        seen.push(...numbersOf(batch));
        if (seen.length > 10) return;
        await scene.writeNumbers(11, 20);
        await broker.removeBelow(scene.topic, '15');
      },
    });
    await vi.waitFor(() => expect(seen).toEqual([...upTo(10), 15, 16, 17, 18, 19, 20]), soon);
    expect(lost).toEqual([{ topic: scene.topic, partition: 0, from: 11n, to: 15n }]);
    await loop.stop();
  });

  it('are told apart from a log that ends before the position, which is read anew', async () => {
    const scene = await createConsumedLog();
    await scene.setPosition(0, '1000');
    await expect(scene.startLoop().ended).rejects.toMatchObject({
      ...{
        code: 'KFK_3005',
        message: `${scene.topic}/0 ends before 1000: it was truncated or made anew, and is read from 0 on`,
      },
    });
    const lost: LostRecords[] = [];
    const loop = scene.startLoop({ onRecordsLost: (records) => void lost.push(records) });
    await scene.untilNoLag();
    expect(loop.handled).toEqual(upTo(10));
    expect(lost).toEqual([{ topic: scene.topic, partition: 0, from: 1000n, to: 0n }]);
    await loop.stop();
  });

  it('are none when the log merely begins where the group stands', async () => {
    const scene = await createConsumedLog();
    await broker.removeBelow(scene.topic, '11');
    await scene.writeNumbers(11, 12);
    const loop = scene.startLoop();
    await vi.waitFor(() => expect(loop.handled).toEqual([11, 12]), soon);
    await loop.stop();
  });
});
