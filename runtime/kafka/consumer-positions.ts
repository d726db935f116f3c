import type { Admin } from 'kafkajs';
import { PipelineError } from '../pipeline-error.ts';

/**
 * A jump that a consumer did not make by itself. Forwards: retention removed the records [from, to)
 * before they were read. Backwards: the log ends before `from`, for it was truncated or made anew,
 * and is read again from `to`.
 */
export interface LostRecords {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Keeps the position of each assigned partition and finds out when records between it and what
 * comes next are gone. kafkajs itself jumps to the first record that is left and only logs it.
 */
export interface ConsumerPositions {
  /**
   * Takes over the committed positions of newly assigned partitions. A group without one begins
   * at the first record.
   *
   * @returns what retention removed before those positions; the position is then at `to`.
   */
  assign(partitions: readonly number[]): Promise<LostRecords[]>;
  /** @returns how the position jumped, where `first` does not follow it; undefined if it does. */
  lostBefore(partition: number, first: bigint): Promise<LostRecords | undefined>;
  /** Everything of the partition below this offset was handled. */
  advance(partition: number, next: bigint): void;
  get(partition: number): bigint | undefined;
  /** Committed records that are there and not yet handled, over all assigned partitions. */
  lag(): Promise<bigint>;
}

export function createConsumerPositions(
  admin: Admin,
  { groupId, topic }: { readonly groupId: string; readonly topic: string },
): ConsumerPositions {
  let positions = new Map<number, bigint>();

  async function available(): Promise<Map<number, { low: bigint; stable: bigint }>> {
    // kafkajs' "high" is the last stable offset: its admin client asks with read_committed.
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(
      offsets.map((o) => [o.partition, { low: BigInt(o.low), stable: BigInt(o.high) }]),
    );
  }

  return {
    async assign(partitions) {
      const [committedOfTopic] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const committed = new Map(
        committedOfTopic?.partitions.map((p) => [p.partition, BigInt(p.offset)]),
      );
      const ranges = await available();
      const lost: LostRecords[] = [];
      positions = new Map();
      for (const partition of partitions) {
        const range = ranges.get(partition);
        if (!range) continue;
        const position = committed.get(partition) ?? -1n;
        // Beyond the end: the topic was made anew, and what it held before is gone.
        const inside = position >= range.low && position <= range.stable;
        if (position >= 0n && !inside) {
          lost.push({ topic, partition, from: position, to: range.low });
        }
        positions.set(partition, inside ? position : range.low);
      }
      return lost;
    },

    async lostBefore(partition, first) {
      const expected = positions.get(partition);
      if (expected === undefined || first === expected) return undefined;
      // Only a position that the log does not reach makes the client go back.
      if (first < expected) return { topic, partition, from: expected, to: first };
      const low = (await available()).get(partition)?.low ?? first;
      // A gap in a log that begins before it is one that compaction left: nothing is lost.
      if (low <= expected) return undefined;
      return { topic, partition, from: expected, to: low < first ? low : first };
    },

    advance(partition, next) {
      positions.set(partition, next);
    },

    get: (partition) => positions.get(partition),

    async lag() {
      const ranges = await available();
      let lag = 0n;
      for (const [partition, position] of positions) {
        const stable = ranges.get(partition)?.stable ?? position;
        if (stable > position) lag += stable - position;
      }
      return lag;
    },
  };
}

export function recordsLost({ topic, partition, from, to }: LostRecords): PipelineError {
  const log = `${topic}/${partition}`;
  return new PipelineError(
    'KFK_3005',
    from < to
      ? `the records of ${log} from ${from} to ${to} were removed before they were read`
      : `${log} ends before ${from}: it was truncated or made anew, and is read from ${to} on`,
    { context: { topic, partition, from: from.toString(), to: to.toString() } },
  );
}
