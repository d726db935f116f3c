import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestBroker, type TestBroker } from './broker.ts';
import type { TalkingChild } from './child-lines.ts';
import { createConsumerScene, numbersOf, soon, sorted, upTo } from './consumer-scene.ts';

let broker: TestBroker;
const scenes: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  broker = await startTestBroker();
});

afterAll(async () => {
  await Promise.all(scenes.map((scene) => scene.close()));
  await broker.stop();
});

async function createScene(options?: { readonly partitions: number }) {
  const scene = await createConsumerScene(broker, options);
  scenes.push(scene);
  return scene;
}

describe.concurrent('members of a group', () => {
  it('share the partitions, and a newcomer does not make the others lose their work', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 20);
    const first = scene.startLoop();
    await vi.waitFor(() => expect(sorted(first.handled)).toEqual(upTo(20)), soon);
    const second = scene.startLoop();
    await vi.waitFor(async () => {
      await scene.writeNumbers(21, 40);
      expect(second.handled.length).toBeGreaterThan(0);
    }, soon);
    await scene.untilNoLag();
    await Promise.all([first.stop(), second.stop()]);
    expect(new Set([...first.handled, ...second.handled])).toEqual(new Set(upTo(40)));
  });

  it('take over what a killed one had in hand (I3)', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 20);
    const child = scene.startMember({ handleMs: 600_000 });
    await child.line(/^handling/);
    await child.end();
    const loop = scene.startLoop();
    await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(20)), soon);
    await loop.stop();
  });

  it('lose nothing while processes join, leave and are killed under load (I3)', async () => {
    const scene = await createScene({ partitions: 4 });
    let written = 0;
    const enough = new AbortController();
    const load = (async () => {
      while (!enough.signal.aborted) {
        await scene.writeNumbers(written + 1, written + 20);
        written += 20;
      }
    })();
    const members: TalkingChild[] = [];
    const join = async () => {
      const member = scene.startMember({ handleMs: 20 });
      members.push(member);
      await member.line(/^handled/);
      return member;
    };
    try {
      const first = await join();
      const second = await join();
      first.kill('SIGKILL');
      const third = await join();
      second.kill('SIGTERM');
      await once(second.process, 'exit');
      await join();
      third.kill('SIGKILL');
      const wanted = written + 200;
      await vi.waitFor(() => expect(written).toBeGreaterThan(wanted), soon);
      enough.abort();
      await load;
      await scene.untilNoLag();
    } finally {
      enough.abort();
      await Promise.all(members.map((member) => member.end()));
    }
    const handled = members.flatMap(({ lines }) =>
      lines.flatMap((line) => /^handled \d+ (.+)$/.exec(line)?.[1]?.split(',').map(Number) ?? []),
    );
    expect(sorted([...new Set(handled)])).toEqual(upTo(written));
  });

  it('abort what they do when they come back after others took over', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 20);
    const child = scene.startMember({ handleMs: 600_000 });
    try {
      await child.line(/^handling/);
      child.kill('SIGSTOP');
      const loop = scene.startLoop();
      await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(20)), soon);
      child.kill('SIGCONT');
      await child.line(/^aborted/);
      const { committed, end } = await scene.committedAndEnd();
      expect(committed).toBe(end);
      await loop.stop();
    } finally {
      await child.end();
    }
  });

  it('may finish and commit what they have in hand when the group rebalances', async () => {
    const scene = await createScene();
    await scene.writeNumbers(1, 20);
    const gate = Promise.withResolvers<undefined>();
    const seen: number[] = [];
    const first = scene.startLoop({
      sessionTimeoutMs: 3_000,
      handle: async (batch, { signal }) => {
        await gate.promise;
        signal.throwIfAborted();
        seen.push(...numbersOf(batch));
      },
    });
    await vi.waitFor(async () => {
      const admin = broker.client().admin();
      await admin.connect();
      const { groups } = await admin
        .describeGroups([scene.groupId])
        .finally(() => admin.disconnect());
      expect(groups[0]?.state).toBe('Stable');
    }, soon);
    const second = scene.startLoop();
    // Long enough for the first one to hear of it by a heartbeat.
    await delay(2_500);
    gate.resolve(undefined);
    await vi.waitFor(() => expect(sorted([...seen, ...second.handled])).toEqual(upTo(20)), soon);
    await Promise.all([first.stop(), second.stop()]);
  });
});
