import { createRequire } from 'node:module';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../runtime/kafka/crc32c.ts';
import type { OutgoingMessage } from '../../../../runtime/kafka/partition-batches.ts';
import { partitionOfKey } from '../../../../runtime/kafka/partitioner.ts';
import { encodeRecordBatch } from '../../../../runtime/kafka/record-batch.ts';

/** kafkajs' own decoder, which reads what brokers store. */
interface DecodedBatch {
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly inTransaction: boolean;
  readonly records: readonly {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer>>;
  }[];
}
const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => object;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<DecodedBatch>;

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 200 }));
/** kafkajs' decoder takes names of Object.prototype for headers that are there already. */
const name = text.map((suffix) => `h${suffix}`);
const field = fc.option(
  fc.oneof(
    text,
    fc.uint8Array().map((array) => Buffer.from(array)),
  ),
);
const message: fc.Arbitrary<OutgoingMessage> = fc.record(
  { key: field, value: field, headers: fc.dictionary(name, text) },
  { requiredKeys: ['key', 'value'] },
);
const bytes = (value: Buffer | string | null) => (value === null ? null : Buffer.from(value));

describe('a record batch', () => {
  it('is read back as it was written', async () => {
    const producer = {
      producerId: 4_000_000_000_123n,
      producerEpoch: 7,
      baseSequence: 2_147_483_647,
    };
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 200 }), async (messages) => {
        const encoded = encodeRecordBatch(messages, producer, 1_760_000_000_123);
        const decoded = await decodeBatch(new Decoder(encoded));
        expect(decoded).toMatchObject({
          lastOffsetDelta: messages.length - 1,
          producerId: '4000000000123',
          producerEpoch: 7,
          firstSequence: 2_147_483_647,
          inTransaction: true,
        });
        expect(
          decoded.records.map(({ offset, timestamp, key, value, headers }) => ({
            ...{ offset, timestamp, key, value },
            headers: { ...headers },
          })),
        ).toEqual(
          messages.map(({ key, value, headers = {} }, index) => ({
            ...{ offset: `${index}`, timestamp: '1760000000123' },
            ...{ key: bytes(key), value: bytes(value) },
            headers: Object.fromEntries(
              Object.entries(headers).map(([name, header]) => [name, Buffer.from(header)]),
            ),
          })),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('CRC-32C', () => {
  // RFC 3720 B.4, and the check value of the catalogue of parametrised CRC algorithms.
  it.each([
    ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
    ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, n) => 31 - n)), 0x113fdb5c],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s', (_, input, expected) => {
    expect(crc32c(input, 0, input.length)).toBe(expected);
  });

  it('covers the range that was asked for', () => {
    const input = Buffer.from('..123456789..');
    expect(crc32c(input, 2, 11)).toBe(0xe3069283);
  });
});

describe('the partition of a key', () => {
  // Apache Kafka's UtilsTest.testMurmur2, made positive as its partitioner does.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('%s is the Java client’s', (key, hash) => {
    const positive = hash & 0x7fffffff;
    expect(partitionOfKey(key, 2 ** 31)).toBe(positive);
    expect(partitionOfKey(Buffer.from(key), 6)).toBe(positive % 6);
  });

  it('is the one that kafkajs takes', () => {
    const partitioner = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({
      ...{ partitionId, partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] },
    }));
    fc.assert(
      fc.property(text, (key) => {
        const chosen = partitioner({
          topic: 't',
          partitionMetadata,
          message: { key, value: null },
        });
        expect(partitionOfKey(key, 12)).toBe(chosen);
      }),
    );
  });
});
