import type { Kafka, KafkaMessage } from 'kafkajs';
import { abortableSleep, waitAtMost, waitOrAbort } from '../abortable-wait.ts';
import { errorText, PipelineError } from '../pipeline-error.ts';
import { protocolErrorType } from './protocol-errors.ts';
import {
  openTopicFetcher,
  type FetchedRecords,
  type OffsetRange,
  type TopicFetcher,
} from './topic-fetcher.ts';

export type { OffsetRange } from './topic-fetcher.ts';

/** Committed records of one partition in order of offset. */
interface RangeBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
}

export interface ReadRangeOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** First offset by partition; a partition that is left out starts at its first record. */
  readonly start?: ReadonlyMap<number, bigint>;
  /**
   * End (exclusive) by partition, at most the last stable offset at the time of the call, which
   * is also the default.
   */
  readonly end?: ReadonlyMap<number, bigint>;
  /** Reads only these partitions. */
  readonly partitions?: readonly number[];
  /** Starts at the first record that is left where retention has removed the wanted start. */
  readonly clamp?: boolean;
  readonly signal: AbortSignal;
  /** Called for one batch at a time; the next fetch is already under way. Its errors end the read. */
  readonly onBatch: (batch: RangeBatch) => Promise<void> | void;
  /** How long the broker may bring nothing before the read is given up. */
  readonly stallMs?: number;
  readonly maxBytesPerPartition?: number;
  /** See the fetcher's option of this name. */
  readonly compacted?: boolean;
  /** See the fetcher's option of this name. */
  readonly uncommitted?: boolean;
}

/**
 * Reads [start, end) of a topic and ends. Both are fixed at the call, so a growing topic is read
 * as it was then. Needs no consumer group and commits nothing.
 *
 * A transaction whose commit has just been confirmed may be missing: its markers are written a
 * little later.
 *
 * @returns the range that was read, by partition.
 * @throws PipelineError KFK_3005 when a start lies before the topic's first record and `clamp`
 *   is not set; KFK_3006 when the broker brought nothing for `stallMs`.
 */
export async function readRange(options: ReadRangeOptions): Promise<Map<number, OffsetRange>> {
  const { kafka, topic, signal, onBatch, stallMs = 30_000 } = options;
  const fetcher = await openTopicFetcher(kafka, {
    topic,
    maxBytesPerPartition: options.maxBytesPerPartition ?? 1024 * 1024,
    compacted: options.compacted ?? false,
    uncommitted: options.uncommitted ?? false,
  });
  try {
    const ranges = rangesToRead(options, await waitOrAbort(fetcher.ranges(), signal));
    const positions = new Map<number, bigint>();
    for (const [partition, { start, end }] of ranges) {
      if (start < end) positions.set(partition, start);
    }
    let fetching = fetchWithProgress(fetcher, positions, { topic, signal, stallMs });
    while (positions.size > 0) {
      const fetched = await fetching;
      for (const { partition, next } of fetched) {
        const range = ranges.get(partition);
        if (range && next < range.end) positions.set(partition, next);
        else positions.delete(partition);
      }
      fetching = fetchWithProgress(fetcher, positions, { topic, signal, stallMs });
      // Its failure is met in the next turn; should a handler fail first, it is of no interest.
      fetching.catch(() => undefined);
      for (const { partition, messages } of fetched) {
        const end = ranges.get(partition)?.end ?? 0n;
        const inRange = messages.filter(({ offset }) => BigInt(offset) < end);
        signal.throwIfAborted();
        if (inRange.length > 0) await onBatch({ topic, partition, messages: inRange });
      }
    }
    return ranges;
  } finally {
    await fetcher.close();
  }
}

function rangesToRead(
  { topic, start: starts, end: ends, partitions, clamp = false }: ReadRangeOptions,
  available: ReadonlyMap<number, OffsetRange>,
): Map<number, OffsetRange> {
  const ranges = new Map<number, OffsetRange>();
  for (const [partition, { start: low, end: stable }] of available) {
    if (partitions && !partitions.includes(partition)) continue;
    let start = starts?.get(partition) ?? low;
    if (start < low) {
      if (!clamp) throw rangeRemoved(topic, partition, start, low);
      start = low;
    }
    const wanted = ends?.get(partition) ?? stable;
    ranges.set(partition, { start, end: wanted < stable ? wanted : stable });
  }
  return ranges;
}

function rangeRemoved(topic: string, partition: number, start: bigint, low: bigint): PipelineError {
  return new PipelineError(
    'KFK_3005',
    `the range of ${topic}/${partition} starts at ${start.toString()}, the topic at ${low.toString()}`,
    { context: { topic, partition, start: start.toString(), low: low.toString() } },
  );
}

/**
 * Fetches until at least one position moves, and rides through the failures of a broker.
 *
 * @throws PipelineError KFK_3006 after `stallMs` without progress.
 */
export async function fetchWithProgress(
  fetcher: TopicFetcher,
  positions: ReadonlyMap<number, bigint>,
  options: { readonly topic: string; readonly signal: AbortSignal; readonly stallMs: number },
): Promise<FetchedRecords[]> {
  if (positions.size === 0) return [];
  const { topic, signal, stallMs } = options;
  const deadline = performance.now() + stallMs;
  for (let failures = 0; ;) {
    let cause: unknown;
    try {
      const left = Math.max(0, deadline - performance.now());
      const fetched = await waitAtMost(fetcher.fetch(positions, signal), Math.ceil(left));
      const moved = fetched.filter(({ partition, next }) => next !== positions.get(partition));
      if (moved.length > 0) return moved;
    } catch (error) {
      signal.throwIfAborted();
      if (protocolErrorType(error) === 'OFFSET_OUT_OF_RANGE')
        throw removedWhileReading(topic, error);
      cause = error;
    }
    if (performance.now() >= deadline) throw stalled(topic, positions, stallMs, cause);
    if (cause === undefined) continue;
    await abortableSleep(Math.min(100 * 2 ** failures++, 2_000), signal);
    await waitOrAbort(fetcher.refresh(), signal).catch(() => signal.throwIfAborted());
  }
}

function removedWhileReading(topic: string, cause: unknown): PipelineError {
  return new PipelineError('KFK_3005', `records of ${topic} were removed while it was read`, {
    cause,
    context: { topic },
  });
}

function stalled(
  topic: string,
  positions: ReadonlyMap<number, bigint>,
  stallMs: number,
  cause: unknown,
): PipelineError {
  const where = Array.from(positions, ([partition, offset]) => `${partition}:${offset.toString()}`);
  const why = cause === undefined ? '' : ` (${errorText(cause)})`;
  return new PipelineError(
    'KFK_3006',
    `${topic} brought nothing for ${stallMs} ms at ${where.join(' ')}${why}`,
    { cause, retryable: true, context: { topic, at: where.join(' ') } },
  );
}
