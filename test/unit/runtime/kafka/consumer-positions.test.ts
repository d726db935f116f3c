import type { Admin } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  createConsumerPositions,
  recordsLost,
} from '../../../../runtime/kafka/consumer-positions.ts';

/** A log of one partition. */
function positionsIn(log: { low: number; stable: number; committed: number }) {
  const admin = {
    fetchOffsets: async () => [{ partitions: [{ partition: 0, offset: String(log.committed) }] }],
    fetchTopicOffsets: async () => [
      { partition: 0, low: String(log.low), high: String(log.stable) },
    ],
  } as unknown as Admin;
  return createConsumerPositions(admin, { groupId: 'g', topic: 't' });
}

const jump = (from: bigint, to: bigint) => ({ topic: 't', partition: 0, from, to });

describe('positions of a consumer', () => {
  it('begin at what is committed, or at the first record of a group that has nothing', async () => {
    const positions = positionsIn({ low: 5, stable: 20, committed: 9 });
    expect(await positions.assign([0])).toEqual([]);
    expect(positions.get(0)).toBe(9n);
    expect(await positions.lag()).toBe(11n);
    const fresh = positionsIn({ low: 5, stable: 20, committed: -1 });
    expect(await fresh.assign([0])).toEqual([]);
    expect(fresh.get(0)).toBe(5n);
  });

  it.each([
    ['retention overtook it', { low: 12, stable: 20, committed: 9 }, jump(9n, 12n)],
    ['the log ends before it', { low: 0, stable: 8, committed: 9 }, jump(9n, 0n)],
  ])('tell at the start that %s', async (_, log, lost) => {
    const positions = positionsIn(log);
    expect(await positions.assign([0])).toEqual([lost]);
    expect(positions.get(0)).toBe(lost.to);
  });

  it('tell on the way what is missing before the next record', async () => {
    const log = { low: 0, stable: 20, committed: 9 };
    const positions = positionsIn(log);
    await positions.assign([0]);
    expect(await positions.lostBefore(0, 9n)).toBeUndefined();
    // A gap in a log that begins earlier is one that compaction or an abort left.
    expect(await positions.lostBefore(0, 11n)).toBeUndefined();
    log.low = 15;
    expect(await positions.lostBefore(0, 15n)).toEqual(jump(9n, 15n));
    log.low = 0;
    expect(await positions.lostBefore(0, 0n)).toEqual(jump(9n, 0n));
  });

  it('speak of a loss and of a log that was truncated in other words', () => {
    expect(recordsLost(jump(9n, 15n))).toMatchObject({
      ...{ code: 'KFK_3005', context: { from: '9', to: '15' } },
      message: 'the records of t/0 from 9 to 15 were removed before they were read',
    });
    expect(recordsLost(jump(9n, 0n)).message).toBe(
      't/0 ends before 9: it was truncated or made anew, and is read from 0 on',
    );
  });
});
