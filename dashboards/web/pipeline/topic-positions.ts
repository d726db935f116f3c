import type { Admin, Kafka } from 'kafkajs';
import { settleWithin, waitAtMost } from '../../../runtime/abortable-wait.ts';

/** How far a topic goes, and how far its consumer has come. */
export interface TopicPosition {
  readonly topic: string;
  /** Sum of the partitions' ends. */
  readonly end: number;
  /** Records that the group has not committed yet. */
  readonly waiting: number;
}

export interface TopicPositions {
  /**
   * Asks Kafka for the topics' ends and the groups' offsets.
   *
   * @throws when it does not answer in time.
   */
  read(): Promise<readonly TopicPosition[]>;
  close(): Promise<void>;
}

const ANSWER_MS = 3_000;
const CLOSE_MS = 1_000;

/** Reads positions by one admin connection, made when it is first needed and anew after a failure. */
export function createTopicPositions(options: {
  readonly kafka: Kafka;
  readonly consumed: readonly { readonly topic: string; readonly groupId: string }[];
}): TopicPositions {
  const { kafka, consumed } = options;
  let admin: Promise<Admin> | undefined;

  async function connect(): Promise<Admin> {
    // One look is soon followed by the next: no need to be stubborn.
    const made = kafka.admin({ retry: { retries: 1, initialRetryTime: 100 } });
    await made.connect();
    return made;
  }

  async function disconnect(): Promise<void> {
    const known = admin;
    admin = undefined;
    if (known)
      await settleWithin(
        known.then((made) => made.disconnect()),
        CLOSE_MS,
      );
  }

  return {
    async read() {
      try {
        const asking = (admin ??= connect()).then((made) =>
          Promise.all(consumed.map((each) => readPosition(made, each))),
        );
        return await waitAtMost(asking, ANSWER_MS);
      } catch (error) {
        await disconnect();
        throw error;
      }
    },
    close: disconnect,
  };
}

async function readPosition(
  admin: Admin,
  { topic, groupId }: { readonly topic: string; readonly groupId: string },
): Promise<TopicPosition> {
  const [ends, groups] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId, topics: [topic] }),
  ]);
  const committed = new Map(
    groups.flatMap(({ partitions }) => partitions.map((p) => [p.partition, Number(p.offset)])),
  );
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  return {
    topic,
    end: sum(ends.map(({ high }) => Number(high))),
    waiting: sum(
      ends.map(({ partition, low, high }) => {
        // A group without an offset begins at the first record that is left.
        const from = Math.max(committed.get(partition) ?? -1, Number(low));
        return Math.max(0, Number(high) - from);
      }),
    ),
  };
}
