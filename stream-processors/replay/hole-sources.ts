import type { Admin, Kafka } from 'kafkajs';
import { waitOrAbort } from '../../runtime/abortable-wait.ts';
import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { listArchive, readArchive } from '../archive/archive-reader.ts';
import { openTopicSource, type ReplaySource } from './replay-source.ts';

/** Offsets of a partition that the first look back takes in; each further one takes twice as many. */
const FIRST_WINDOW = 10_000n;

const everything = { from: { kind: 'earliest' }, to: { kind: 'latest' } } as const;

/**
 * The part of a topic that its processor has handed over, from the newest records backwards: what
 * is missing is seldom old.
 *
 * @param groupId the processor's. What it has not taken yet is not missing but on its way.
 */
export async function* topicBackwards(
  where: { readonly kafka: Kafka; readonly admin: Admin; readonly topic: string },
  groupId: string,
  signal: AbortSignal,
): AsyncGenerator<ReplaySource> {
  const { admin, topic } = where;
  const { ranges } = await openTopicSource(where, everything, signal);
  const handedOver = await committedOffsets(admin, groupId, topic, signal);
  let ends = new Map(
    Array.from(ranges, ([partition, { start, end }]) => {
      const committed = handedOver.get(partition) ?? start;
      return [partition, committed < end ? committed : end] as const;
    }),
  );
  for (let size = FIRST_WINDOW; ; size *= 2n) {
    const window = new Map<number, OffsetRange>();
    for (const [partition, end] of ends) {
      const low = ranges.get(partition)?.start ?? end;
      const start = end - size > low ? end - size : low;
      if (start < end) window.set(partition, { start, end });
    }
    if (window.size === 0) return;
    yield await openTopicSource(where, { ...everything, fixed: window }, signal);
    ends = new Map(Array.from(window, ([partition, { start }]) => [partition, start]));
  }
}

/** Whether the topic holds records that the processor has not taken yet. */
export async function processorIsBehind(
  { admin, topic }: { readonly admin: Admin; readonly topic: string },
  groupId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const offsets = await waitOrAbort(admin.fetchTopicOffsets(topic), signal);
  const handedOver = await committedOffsets(admin, groupId, topic, signal);
  return offsets.some(({ partition, low, high }) => {
    const next = handedOver.get(partition) ?? BigInt(low);
    // A commit marker behind the last record is no lag.
    return next + 1n < BigInt(high);
  });
}

/** -1, which says that nothing has been committed, is left out. */
async function committedOffsets(
  admin: Admin,
  groupId: string,
  topic: string,
  signal: AbortSignal,
): Promise<Map<number, bigint>> {
  const [group] = await waitOrAbort(admin.fetchOffsets({ groupId, topics: [topic] }), signal);
  const offsets = group?.partitions.map((each) => [each.partition, BigInt(each.offset)] as const);
  return new Map(offsets?.filter(([, offset]) => offset >= 0n));
}

/** The raw archive, one object a source, from the newest backwards. */
export async function* archiveBackwards(
  bucket: Bucket,
  dataset: { readonly name: string },
  topic: string,
  signal: AbortSignal,
): AsyncGenerator<ReplaySource> {
  const objects = await listArchive(bucket, dataset, topic, signal);
  for (const object of objects.toSorted((a, b) => (a.day < b.day ? 1 : a.day > b.day ? -1 : 0))) {
    const { partition, first, last } = object;
    yield {
      ranges: new Map([[partition, { start: first, end: last + 1n }]]),
      async read(_, onRecords, during) {
        for await (const records of readArchive(bucket, [object], during)) await onRecords(records);
      },
    };
  }
}
