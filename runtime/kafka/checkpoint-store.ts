import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { startMarkerKey } from '../../schemas/checkpoint.ts';
import { waitOrAbort } from '../abortable-wait.ts';
import type { Logger } from '../observability/log.ts';
import { fetchWithProgress, readRange } from './bounded-reader.ts';
import { parseCheckpoint } from './checkpoint-value.ts';
import { openTopicFetcher, type TopicFetcher } from './topic-fetcher.ts';
import type { TopicRecords, TransactionalWriter } from './transactional-writer.ts';

/** The places of all sources in one compacted topic of one partition. Values are JSON. */
export interface CheckpointStore<T> {
  /** The record of a checkpoint, to be written in the transaction that it covers. */
  records(key: string, value: T): TopicRecords;

  /** The record that removes a checkpoint: its source is at its end. */
  tombstone(key: string): TopicRecords;

  /**
   * The last checkpoint of a key. The writer must have been opened before: then nobody else can
   * write for this key, and everything that was ever committed lies before the start marker that
   * this call writes and waits to see.
   *
   * @returns undefined only if the whole topic holds none.
   * @throws PipelineError KFK_3006 if the marker does not come back in time (retryable), the
   *   errors of {@link TransactionalWriter.write}, or KFK_3003 for a value that is no checkpoint.
   */
  recover(key: string, writer: TransactionalWriter, signal: AbortSignal): Promise<T | undefined>;

  /**
   * The newest committed checkpoint of each wanted key; the others may be whatever they are. Takes
   * no part in any group.
   *
   * @throws PipelineError KFK_3003 for a wanted one that is no checkpoint.
   */
  readLatest(wanted: (key: string) => boolean, signal: AbortSignal): Promise<Map<string, T>>;
}

export interface CheckpointStoreOptions<T> {
  readonly topic: string;
  /** Throws for a value that is no checkpoint. */
  readonly parse: (json: unknown) => T;
  readonly log: Logger;
  /** How long the marker may take to come back; transactions of others that hang delay it. */
  readonly recoverTimeoutMs?: number;
}

/** A record of the topic, as far as it matters. */
interface Found {
  readonly offset: string;
  readonly value: Buffer | null;
}

const PARTITION = 0;
/** The last checkpoint is nearly always among the newest records; if not, all are read. */
const TAIL_RECORDS = 5_000n;
const MARKER_SUFFIX = startMarkerKey('');

export function createCheckpointStore<T>(
  kafka: Kafka,
  options: CheckpointStoreOptions<T>,
): CheckpointStore<T> {
  const { topic, log, recoverTimeoutMs = 60_000 } = options;

  const parsed = (key: string, { offset, value }: Found): T | undefined =>
    value === null ? undefined : parseCheckpoint({ topic, key, offset }, value, options.parse);

  /** Reads from a position until a record satisfies `isLast`; tells the last value of the key. */
  async function readUntil(
    fetcher: TopicFetcher,
    from: bigint,
    key: string,
    isLast: (record: { key: string; value: Buffer | null }) => boolean,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    let found: Found | undefined;
    const deadline = performance.now() + recoverTimeoutMs;
    for (let position = from; ;) {
      const [fetched] = await fetchWithProgress(fetcher, new Map([[PARTITION, position]]), {
        topic,
        signal,
        stallMs: Math.max(0, deadline - performance.now()),
      });
      if (!fetched) continue;
      position = fetched.next;
      for (const message of fetched.messages) {
        const record = { key: message.key?.toString('utf8') ?? '', value: message.value };
        if (isLast(record)) return found;
        if (record.key === key) found = message;
      }
    }
  }

  async function recover(
    key: string,
    writer: TransactionalWriter,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const markerKey = startMarkerKey(key);
    const marker = randomUUID();
    const fetcher = await openTopicFetcher(kafka, { topic, compacted: true });
    try {
      const range = (await waitOrAbort(fetcher.ranges(), signal)).get(PARTITION);
      const { start, end } = range ?? { start: 0n, end: 0n };
      await writer.write([{ topic, messages: [{ key: markerKey, value: marker }] }], signal);
      const isMarker = (record: { key: string; value: Buffer | null }) =>
        record.key === markerKey && record.value?.toString('utf8') === marker;
      const tail = end - TAIL_RECORDS > start ? end - TAIL_RECORDS : start;
      let found = await readUntil(fetcher, tail, key, isMarker, signal);
      if (found === undefined && tail > start) {
        found = await readUntil(fetcher, start, key, isMarker, signal);
      }
      log.info({ topic, key, found: found !== undefined }, 'checkpoint read');
      return found && parsed(key, found);
    } finally {
      await fetcher.close();
    }
  }

  async function readLatest(
    wanted: (key: string) => boolean,
    signal: AbortSignal,
  ): Promise<Map<string, T>> {
    const newest = new Map<string, Found>();
    await readRange({
      kafka,
      topic,
      signal,
      compacted: true,
      onBatch: ({ messages }) => {
        for (const message of messages) {
          const key = message.key?.toString('utf8') ?? '';
          if (!key.endsWith(MARKER_SUFFIX) && wanted(key)) newest.set(key, message);
        }
      },
    });
    const checkpoints = new Map<string, T>();
    for (const [key, record] of newest) {
      const checkpoint = parsed(key, record);
      if (checkpoint !== undefined) checkpoints.set(key, checkpoint);
    }
    return checkpoints;
  }

  return {
    records: (key, value) => ({ topic, messages: [{ key, value: JSON.stringify(value) }] }),
    tombstone: (key) => ({ topic, messages: [{ key, value: null }] }),
    recover,
    readLatest,
  };
}
