import type { Kafka } from 'kafkajs';
import { describe, expect, it, vi } from 'vitest';
import { createTopicPositions } from '../../../../../dashboards/web/pipeline/topic-positions.ts';

/** The admin calls that are made, over one topic of three partitions. */
function fakeKafka() {
  const world = { down: false };
  const connect = vi.fn(async () => {
    if (world.down) throw new Error('no broker');
  });
  const disconnect = vi.fn(async () => undefined);
  const admin = {
    ...{ connect, disconnect },
    async fetchTopicOffsets() {
      if (world.down) throw new Error('no broker');
      return [
        { partition: 0, low: '0', high: '10', offset: '10' },
        { partition: 1, low: '4', high: '9', offset: '9' },
        { partition: 2, low: '0', high: '0', offset: '0' },
      ];
    },
    async fetchOffsets() {
      return [
        {
          topic: 't',
          partitions: [
            { partition: 0, offset: '7' },
            { partition: 1, offset: '-1' },
            { partition: 2, offset: '0' },
          ],
        },
      ];
    },
  };
  const kafka = { admin: () => admin } as unknown as Kafka;
  const positions = createTopicPositions({ kafka, consumed: [{ topic: 't', groupId: 'g' }] });
  return { world, connect, disconnect, positions };
}

describe('topic positions', () => {
  it('sum up the ends, and what the group has not committed', async () => {
    const { positions, connect } = fakeKafka();
    // 3 of the first partition; the second was never committed and begins at 4.
    const expected = [{ topic: 't', end: 19, waiting: 8 }];
    expect(await positions.read()).toEqual(expected);
    expect(await positions.read()).toEqual(expected);
    expect(connect).toHaveBeenCalledOnce();
  });

  it('connect anew after a failure', async () => {
    const { positions, world, connect, disconnect } = fakeKafka();
    await positions.read();
    world.down = true;
    await expect(positions.read()).rejects.toThrow('no broker');
    expect(disconnect).toHaveBeenCalledOnce();
    await expect(positions.read()).rejects.toThrow('no broker');
    world.down = false;
    expect(await positions.read()).toHaveLength(1);
    expect(connect).toHaveBeenCalledTimes(3);
  });

  it('close without having been asked', async () => {
    const { positions, disconnect } = fakeKafka();
    await positions.close();
    expect(disconnect).not.toHaveBeenCalled();
  });
});
