import type { Admin, Kafka, KafkaMessage } from 'kafkajs';
import { waitOrAbort } from '../../runtime/abortable-wait.ts';
import { readRange, type OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { listArchive, objectsSince, readArchive } from '../archive/archive-reader.ts';

/** One end of a replay. An offset means every partition; a time is compared with the Kafka timestamp. */
export type ReplayBound =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'offset'; readonly offset: bigint };

export interface ReplayBounds {
  /** First record. */
  readonly from: ReplayBound;
  /** End, exclusive. */
  readonly to: ReplayBound;
  /** What an earlier run of the same bounds had made of them; nothing is looked up again then. */
  readonly fixed?: ReadonlyMap<number, OffsetRange>;
}

interface ReplayRecords {
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
}

/** Records [start, end) of every partition, fixed when the source was opened. */
export interface ReplaySource {
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  /**
   * Reads the ranges, or what is left of them.
   *
   * @param from by partition: where to go on instead of at the range's start.
   */
  read(
    from: ReadonlyMap<number, bigint>,
    onRecords: (records: ReplayRecords) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}

/**
 * Opens a range of the topic itself.
 *
 * @throws {PipelineError} KFK_3005 when retention has removed the beginning of the range.
 */
export async function openTopicSource(
  { kafka, admin, topic }: { readonly kafka: Kafka; readonly admin: Admin; readonly topic: string },
  bounds: ReplayBounds,
  signal: AbortSignal,
): Promise<ReplaySource> {
  const ranges = bounds.fixed ?? (await topicRanges(admin, topic, bounds, signal));
  return {
    ranges,
    async read(from, onRecords, during) {
      const starts = [...ranges].map(
        ([partition, { start }]) => [partition, from.get(partition) ?? start] as const,
      );
      await readRange({
        ...{ kafka, topic, signal: during },
        partitions: starts.flatMap(([partition, start]) =>
          start < (ranges.get(partition)?.end ?? start) ? [partition] : [],
        ),
        start: new Map(starts),
        end: new Map([...ranges].map(([partition, { end }]) => [partition, end])),
        onBatch: onRecords,
      });
    },
  };
}

async function topicRanges(
  admin: Admin,
  topic: string,
  bounds: ReplayBounds,
  signal: AbortSignal,
): Promise<Map<number, OffsetRange>> {
  // kafkajs' "high" is the last stable offset: its admin client asks with read_committed.
  const offsets = await waitOrAbort(admin.fetchTopicOffsets(topic), signal);
  const atTime = async (bound: ReplayBound) => {
    if (bound.kind !== 'time') return undefined;
    const found = await waitOrAbort(admin.fetchTopicOffsetsByTimestamp(topic, bound.ms), signal);
    return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
  };
  const [fromTimes, toTimes] = [await atTime(bounds.from), await atTime(bounds.to)];
  const ranges = new Map<number, OffsetRange>();
  for (const { partition, low, high } of offsets) {
    const limits = { start: BigInt(low), end: BigInt(high) };
    const start = place(bounds.from, limits, fromTimes?.get(partition));
    const end = place(bounds.to, limits, toTimes?.get(partition));
    // A time that leads to the first record left may lie before it.
    const isCut =
      start < limits.start ||
      (bounds.from.kind === 'time' && start === limits.start && start > 0n && end > start);
    if (isCut) {
      throw new PipelineError(
        'KFK_3005',
        `${topic}/${partition} begins at offset ${low}; what stood before it is only in the raw archive: use --source lake`,
        { context: { topic, partition, low } },
      );
    }
    ranges.set(partition, { start, end: end < start ? start : end });
  }
  return ranges;
}

/** @param atTime offset of the first record at or after the bound's time; the end if there is none. */
function place(bound: ReplayBound, { start, end }: OffsetRange, atTime: bigint | undefined) {
  switch (bound.kind) {
    case 'earliest':
      return start;
    case 'latest':
      return end;
    case 'offset':
      return bound.offset < end ? bound.offset : end;
    case 'time':
      return atTime === undefined || atTime < 0n || atTime > end ? end : atTime;
  }
}

/** Opens a range of the raw archive. By time each record is looked at, for objects hold many. */
export async function openLakeSource(
  where: {
    readonly bucket: Bucket;
    readonly dataset: { readonly name: string };
    readonly topic: string;
  },
  { from, to, fixed }: ReplayBounds,
  signal: AbortSignal,
): Promise<ReplaySource> {
  const all = await listArchive(where.bucket, where.dataset, where.topic, signal);
  const firstOffset = from.kind === 'offset' ? from.offset : 0n;
  const endOffset = to.kind === 'offset' ? to.offset : undefined;
  const fromMs = from.kind === 'time' ? from.ms : -Infinity;
  const toMs = to.kind === 'time' ? to.ms : Infinity;
  const recent = from.kind === 'time' ? objectsSince(all, utcDay(from.ms)) : all;
  const objects = recent.filter(
    ({ first, last }) => last >= firstOffset && (endOffset === undefined || first < endOffset),
  );
  const found = new Map<number, OffsetRange>();
  for (const { partition, first, last } of objects) {
    const known = found.get(partition);
    const start = known?.start ?? (first > firstOffset ? first : firstOffset);
    const end = endOffset !== undefined && endOffset <= last ? endOffset : last + 1n;
    found.set(partition, { start, end });
  }
  const ranges = fixed ?? found;
  const inRange = objects.filter(({ partition, first, last }) => {
    const range = ranges.get(partition);
    return range !== undefined && first < range.end && last >= range.start;
  });
  return {
    ranges,
    async read(starts, onRecords, during) {
      const left = inRange.filter(({ partition, last }) => last >= (starts.get(partition) ?? 0n));
      for await (const { partition, messages } of readArchive(where.bucket, left, during)) {
        const { start, end } = ranges.get(partition) ?? { start: 0n, end: 0n };
        const begin = starts.get(partition) ?? start;
        const wanted = messages.filter(({ offset, timestamp }) => {
          const [at, time] = [BigInt(offset), Number(timestamp)];
          return at >= begin && at < end && time >= fromMs && time < toMs;
        });
        if (wanted.length > 0) await onRecords({ partition, messages: wanted });
      }
    },
  };
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
