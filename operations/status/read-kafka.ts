// Not every export of the client is a named one to an ES module.
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { processorGroup, type Topic } from '../../schemas/topics.ts';
import type { TopicReading } from './readings.ts';

/** Reads how far a dataset's topic goes, and how far its processor has come. */
export async function readTopic(
  kafka: Kafka,
  admin: Admin,
  dataset: { readonly name: string; readonly topic: Topic },
  signal: AbortSignal,
): Promise<TopicReading> {
  const topic = dataset.topic.name;
  const groupId = processorGroup(dataset);
  const [ends, [offsets], { groups }, retentionMs] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId, topics: [topic] }),
    admin.describeGroups([groupId]),
    readRetention(admin, dataset.topic),
  ]);
  const committed = new Map(offsets?.partitions.map((each) => [each.partition, each.offset]));
  const next = new Map<number, bigint>();
  let waiting = 0n;
  for (const { partition, low, high } of ends) {
    // -1 says that nothing has been committed. A commit marker behind the last record is no record.
    const offset = BigInt(committed.get(partition) ?? '-1');
    const from = offset < BigInt(low) ? BigInt(low) : offset;
    if (from + 1n >= BigInt(high)) continue;
    waiting += BigInt(high) - from - 1n;
    next.set(partition, from);
  }
  return {
    topic,
    end: ends.reduce((sum, { high }) => sum + Number(high), 0),
    waiting: Number(waiting),
    oldestWaitingMs: await readOldest(kafka, topic, next, signal),
    members: groups[0]?.members.length ?? 0,
    retentionMs,
  };
}

/** Production time of the oldest record that waits, epoch ms. */
async function readOldest(
  kafka: Kafka,
  topic: string,
  start: ReadonlyMap<number, bigint>,
  signal: AbortSignal,
): Promise<number | null> {
  if (start.size === 0) return null;
  let oldest: number | null = null;
  await readRange({
    ...{ kafka, topic, start, signal, clamp: true },
    partitions: [...start.keys()],
    end: new Map([...start].map(([partition, offset]) => [partition, offset + 1n])),
    onBatch: ({ messages }) => {
      for (const { timestamp } of messages) {
        oldest = Math.min(oldest ?? Infinity, Number(timestamp));
      }
    },
  });
  return oldest;
}

/** As the broker has it; what the project asks for where it may not be asked. */
async function readRetention(admin: Admin, { name, retentionMs }: Topic): Promise<number | null> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms'] }],
  });
  const value = resources[0]?.configEntries.find((each) => each.configName === 'retention.ms');
  const ms = Number(value?.configValue ?? retentionMs);
  return ms < 0 ? null : ms;
}
