import { PipelineError } from '../pipeline-error.ts';

/** A record to be written. A `null` value is a tombstone. Give every record a key. */
export interface OutgoingMessage {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TopicRecords {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

/** The records of one batch. */
export interface BatchRecords {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly OutgoingMessage[];
}

/** Largest record batch, in bytes. A broker takes `message.max.bytes` = 1 MiB by default. */
export const MAX_BATCH_BYTES = 900_000;

/**
 * Upper bound of a record's size beside its fields: the varints of lengths, timestamp and offset
 * deltas take less (Kafka protocol, "Record").
 */
const RECORD_OVERHEAD = 32;
const HEADER_OVERHEAD = 10;

/** @returns bytes that the record takes in a batch, at most. */
export function recordBytes({ key, value, headers }: OutgoingMessage): number {
  let bytes = RECORD_OVERHEAD + byteLength(key) + byteLength(value);
  if (headers !== undefined) {
    for (const name in headers) {
      bytes += HEADER_OVERHEAD + byteLength(name) + byteLength(headers[name] ?? null);
    }
  }
  return bytes;
}

function byteLength(value: Buffer | string | null): number {
  if (value === null) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

/** Tells the partition of a message. */
export type FindPartition = (topic: string, message: OutgoingMessage) => number;

interface OpenBatch {
  readonly topic: string;
  readonly partition: number;
  round: number;
  bytes: number;
  messages: OutgoingMessage[];
}

/**
 * Divides records into batches of at most {@link MAX_BATCH_BYTES}, and the batches into as few
 * rounds as possible: a round has one batch at most for each partition, and the order of rounds
 * keeps the order of records in each partition. The first round names every partition.
 *
 * @throws PipelineError KFK_3008 for a single record that no batch can hold.
 */
export function partitionBatches(
  records: readonly TopicRecords[],
  findPartition: FindPartition,
): BatchRecords[][] {
  const rounds: BatchRecords[][] = [];
  const openOfTopic = new Map<string, Map<number, OpenBatch>>();
  for (const { topic, messages } of records) {
    const open = openOfTopic.get(topic) ?? new Map<number, OpenBatch>();
    openOfTopic.set(topic, open);
    for (const message of messages) {
      const bytes = recordBytes(message);
      if (bytes > MAX_BATCH_BYTES) throw tooLarge(topic, message, bytes);
      const partition = findPartition(topic, message);
      let batch = open.get(partition);
      if (batch === undefined || batch.bytes + bytes > MAX_BATCH_BYTES) {
        const round = batch === undefined ? 0 : batch.round + 1;
        batch = { topic, partition, round, bytes: 0, messages: [] };
        open.set(partition, batch);
        (rounds[round] ??= []).push(batch);
      }
      batch.bytes += bytes;
      batch.messages.push(message);
    }
  }
  return rounds;
}

function tooLarge(topic: string, message: OutgoingMessage, bytes: number): PipelineError {
  const key = message.key === null ? null : message.key.toString('utf8').slice(0, 200);
  return new PipelineError(
    'KFK_3008',
    `a record of ${bytes} bytes for ${topic} is larger than the ${MAX_BATCH_BYTES} bytes of a batch`,
    { context: { topic, key, bytes, limit: MAX_BATCH_BYTES } },
  );
}
