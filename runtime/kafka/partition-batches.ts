import type { Message, TopicMessages } from 'kafkajs';
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

/**
 * Largest record batch, in bytes before compression. A broker takes `message.max.bytes` = 1 MiB
 * by default, and kafkajs writes all messages that one send has for a partition as one batch.
 */
export const MAX_BATCH_BYTES = 900_000;

/** Largest number of records in a batch: kafkajs copies its list of messages once per message. */
const MAX_BATCH_RECORDS = 1_000;

/**
 * Upper bound of a record's size inside a batch: the varints of lengths, timestamp and offset
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

/** Tells the partition of a message, as the partitioner of the Java client would. */
export type FindPartition = (topic: string, message: Message) => number;

/** The batch of a partition that still takes records, and the send that it belongs to. */
interface OpenBatch {
  readonly send: number;
  bytes: number;
  count: number;
}

/**
 * Divides records into as few sends as possible so that no send has more than
 * {@link MAX_BATCH_BYTES} for a partition. The order inside each partition is kept.
 *
 * @throws PipelineError KFK_3008 for a single record that no batch can hold.
 */
export function partitionBatches(
  records: readonly TopicRecords[],
  findPartition: FindPartition,
): TopicMessages[][] {
  const sends: Map<string, Message[]>[] = [];
  const openOfTopic = new Map<string, Map<number, OpenBatch>>();
  for (const { topic, messages } of records) {
    const open = openOfTopic.get(topic) ?? new Map<number, OpenBatch>();
    openOfTopic.set(topic, open);
    for (const outgoing of messages) {
      const bytes = recordBytes(outgoing);
      if (bytes > MAX_BATCH_BYTES) throw tooLarge(topic, outgoing, bytes);
      const message: Message = { ...outgoing };
      const partition = findPartition(topic, message);
      message.partition = partition;
      const batch = open.get(partition);
      let send = 0;
      if (batch === undefined) {
        open.set(partition, { send: 0, bytes, count: 1 });
      } else if (batch.bytes + bytes > MAX_BATCH_BYTES || batch.count === MAX_BATCH_RECORDS) {
        send = batch.send + 1;
        open.set(partition, { send, bytes, count: 1 });
      } else {
        send = batch.send;
        batch.bytes += bytes;
        batch.count += 1;
      }
      append(sends, send, topic, message);
    }
  }
  return sends.map((send) => Array.from(send, ([topic, messages]) => ({ topic, messages })));
}

function append(sends: Map<string, Message[]>[], index: number, topic: string, message: Message) {
  let send = sends[index];
  if (send === undefined) {
    send = new Map();
    sends[index] = send;
  }
  const messages = send.get(topic);
  if (messages === undefined) send.set(topic, [message]);
  else messages.push(message);
}

function tooLarge(topic: string, message: OutgoingMessage, bytes: number): PipelineError {
  const key = message.key === null ? null : message.key.toString('utf8').slice(0, 200);
  return new PipelineError(
    'KFK_3008',
    `a record of ${bytes} bytes for ${topic} is larger than the ${MAX_BATCH_BYTES} bytes of a batch`,
    { context: { topic, key, bytes, limit: MAX_BATCH_BYTES } },
  );
}
