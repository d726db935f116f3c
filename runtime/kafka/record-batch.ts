import { crc32c } from './crc32c.ts';
import { recordBytes, type OutgoingMessage } from './partition-batches.ts';

/** Who writes a batch, and its place in what this producer wrote to the partition. */
export interface BatchProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const HEADER_BYTES = 61;
/** Where the part begins that the checksum covers. */
const CHECKED_FROM = 21;
const MAGIC = 2;
const TRANSACTIONAL = 0x10;

/**
 * Writes records as one transactional batch (Kafka protocol, "Record Batch", magic 2, not
 * compressed) in a single pass. All records carry the same create time.
 *
 * kafkajs' own encoder allocates a buffer for every record and every header; at the reader's rates
 * that costs more than all the rest.
 */
export function encodeRecordBatch(
  messages: readonly OutgoingMessage[],
  producer: BatchProducer,
  timestampMs: number,
): Buffer {
  let bound = HEADER_BYTES;
  for (const message of messages) bound += recordBytes(message);
  const batch = Buffer.allocUnsafe(bound);
  let offset = HEADER_BYTES;
  for (const [index, message] of messages.entries()) {
    offset = writeRecord(batch, offset, index, message);
  }
  const timestamp = BigInt(timestampMs);
  batch.writeBigInt64BE(0n, 0); // base offset: the broker's
  batch.writeInt32BE(offset - 12, 8); // length of what follows
  batch.writeInt32BE(-1, 12); // partition leader epoch: the broker's
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(TRANSACTIONAL, CHECKED_FROM);
  batch.writeInt32BE(messages.length - 1, 23); // last offset delta
  batch.writeBigInt64BE(timestamp, 27);
  batch.writeBigInt64BE(timestamp, 35);
  batch.writeBigInt64BE(producer.producerId, 43);
  batch.writeInt16BE(producer.producerEpoch, 51);
  batch.writeInt32BE(producer.baseSequence, 53);
  batch.writeInt32BE(messages.length, 57);
  batch.writeUInt32BE(crc32c(batch, CHECKED_FROM, offset), 17);
  return batch.subarray(0, offset);
}

function writeRecord(
  buffer: Buffer,
  start: number,
  index: number,
  { key, value, headers }: OutgoingMessage,
): number {
  const names = headers === undefined ? [] : Object.keys(headers);
  // The record's length stands before it: count first, then write.
  let length = 2 + varintBytes(index) + fieldBytes(key) + fieldBytes(value);
  length += varintBytes(names.length);
  for (const name of names) length += fieldBytes(name) + fieldBytes(headers?.[name] ?? null);

  let offset = writeVarint(buffer, start, length);
  buffer[offset++] = 0; // attributes
  buffer[offset++] = 0; // timestamp delta
  offset = writeVarint(buffer, offset, index); // offset delta
  offset = writeField(buffer, offset, key);
  offset = writeField(buffer, offset, value);
  offset = writeVarint(buffer, offset, names.length);
  for (const name of names) {
    offset = writeField(buffer, offset, name);
    offset = writeField(buffer, offset, headers?.[name] ?? null);
  }
  return offset;
}

function byteLength(field: Buffer | string): number {
  return typeof field === 'string' ? Buffer.byteLength(field, 'utf8') : field.length;
}

function fieldBytes(field: Buffer | string | null): number {
  if (field === null) return 1;
  const length = byteLength(field);
  return varintBytes(length) + length;
}

function writeField(buffer: Buffer, start: number, field: Buffer | string | null): number {
  if (field === null) return writeVarint(buffer, start, -1);
  const offset = writeVarint(buffer, start, byteLength(field));
  if (typeof field === 'string') return offset + buffer.write(field, offset, 'utf8');
  field.copy(buffer, offset);
  return offset + field.length;
}

/** Varints are zigzag encoded, seven bits a byte, lowest first (Protocol Buffers' sint32). */
function varintBytes(value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  let bytes = 1;
  while ((rest & ~0x7f) !== 0) {
    rest >>>= 7;
    bytes++;
  }
  return bytes;
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  let offset = start;
  while ((rest & ~0x7f) !== 0) {
    buffer[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[offset++] = rest;
  return offset;
}
