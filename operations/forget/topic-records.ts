// Not every export of the client is a named one to an ES module.
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { deadLetterHeaders } from '../../schemas/dead-letter.ts';
import { topics, type Topic } from '../../schemas/topics.ts';
import { headerText } from '../../stream-processors/record-headers.ts';
import type { HistoryImage } from './ticket-images.ts';

/** Records of a topic that hold the ticket: no record can be taken out of a topic. */
export interface RemainingRecords {
  readonly topic: string;
  readonly records: number;
  /** By when the broker has removed them all, epoch ms; null where none is left or it keeps them. */
  readonly goneByMs: number | null;
}

interface Asked {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly dataset: TableDataset;
  readonly signal: AbortSignal;
}

/** The ticket's changes that the topic still has. */
export async function remainingChanges(
  { admin, dataset: { topic } }: Asked,
  images: readonly HistoryImage[],
): Promise<RemainingRecords> {
  const ends = await admin.fetchTopicOffsets(topic.name);
  const first = new Map(ends.map(({ partition, low }) => [partition, BigInt(low)]));
  const there = images.filter(({ partition, offset }) => {
    const low = partition === null ? undefined : first.get(partition);
    return low !== undefined && offset !== null && offset >= low;
  });
  const records = new Set(there.map(({ partition, offset }) => `${partition}:${offset}`)).size;
  const newest = Math.max(0, ...there.map(({ readAtMs }) => readAtMs ?? 0));
  return { topic: topic.name, records, goneByMs: await goneBy(admin, topic, records, newest) };
}

/** Dead letters under the ticket's key. */
export async function remainingDeadLetters(
  { kafka, admin, dataset, signal }: Asked,
  ticketId: string,
): Promise<RemainingRecords> {
  const topic = topics.deadLetters;
  let [records, newest] = [0, 0];
  await readRange({
    ...{ kafka, topic: topic.name, signal },
    onBatch: ({ messages }) => {
      for (const { key, headers, timestamp } of messages) {
        if (key?.toString('utf8') !== ticketId) continue;
        if (headerText(headers, deadLetterHeaders.topic) !== dataset.topic.name) continue;
        records += 1;
        newest = Math.max(newest, Number(timestamp));
      }
    },
  });
  return { topic: topic.name, records, goneByMs: await goneBy(admin, topic, records, newest) };
}

/**
 * A broker removes whole segments, when their newest record is older than the retention: a record
 * may share a segment with what comes until `segment.ms` later (Kafka, "Topic Configs").
 */
async function goneBy(
  admin: Admin,
  { name, retentionMs }: Topic,
  records: number,
  newestMs: number,
): Promise<number | null> {
  if (records === 0) return null;
  const configNames = ['retention.ms', 'segment.ms'];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames }],
  });
  const valueOf = (setting: string) =>
    resources[0]?.configEntries.find(({ configName }) => configName === setting)?.configValue;
  const retention = Number(valueOf('retention.ms') ?? retentionMs ?? -1);
  return retention < 0 ? null : newestMs + retention + Number(valueOf('segment.ms') ?? 0);
}
