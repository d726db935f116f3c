import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_BATCH_BYTES,
  partitionBatches,
  recordBytes,
  type OutgoingMessage,
} from '../../../../runtime/kafka/partition-batches.ts';

const byKey = (_: string, { key }: { key?: Buffer | string | null }) => Number(key) % 3;

const message: fc.Arbitrary<OutgoingMessage> = fc.record({
  key: fc.integer({ min: 0, max: 20 }).map(String),
  value: fc.integer({ min: 0, max: 500_000 }).map((size) => Buffer.allocUnsafe(size)),
});

describe('dividing a write into sends', () => {
  it('keeps every record, the order in each partition, and the size of each batch', () => {
    const write = fc.array(
      fc.record({
        topic: fc.constantFrom('a', 'b'),
        messages: fc.array(message, { maxLength: 12 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(write, (records) => {
        const sends = partitionBatches(records, byKey);
        const sent = new Map<string, (Buffer | string | null)[]>();
        for (const send of sends) {
          const bytes = new Map<string, number>();
          for (const { topic, messages } of send) {
            for (const one of messages) {
              const place = `${topic}/${one.partition ?? -1}`;
              sent.set(place, [...(sent.get(place) ?? []), one.value]);
              const size = recordBytes({ key: one.key ?? null, value: one.value });
              bytes.set(place, (bytes.get(place) ?? 0) + size);
            }
          }
          for (const size of bytes.values()) expect(size).toBeLessThanOrEqual(MAX_BATCH_BYTES);
        }
        const expected = new Map<string, (Buffer | string | null)[]>();
        for (const { topic, messages } of records) {
          for (const one of messages) {
            const place = `${topic}/${byKey(topic, one)}`;
            expected.set(place, [...(expected.get(place) ?? []), one.value]);
          }
        }
        expect([...sent.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [place, values] of expected) {
          // The very same values, by reference.
          const inOrder = values.every((value, index) => value === sent.get(place)?.[index]);
          expect(inOrder && sent.get(place)?.length === values.length).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is one send when everything fits', () => {
    const messages = Array.from({ length: 1_000 }, (_, n) => ({ key: `${n}`, value: 'x' }));
    const sends = partitionBatches(
      [
        { topic: 'a', messages },
        { topic: 'b', messages },
      ],
      byKey,
    );
    expect(sends).toHaveLength(1);
    expect(sends[0]?.map(({ topic }) => topic)).toEqual(['a', 'b']);
  });

  it('is none when there is nothing to send', () => {
    expect(partitionBatches([{ topic: 'a', messages: [] }], byKey)).toEqual([]);
  });

  it('refuses a record that no batch can hold, with its key and size', () => {
    const value = Buffer.alloc(MAX_BATCH_BYTES);
    expect(() =>
      partitionBatches([{ topic: 'a', messages: [{ key: '7', value }] }], byKey),
    ).toThrow(
      expect.objectContaining({
        code: 'KFK_3008',
        context: expect.objectContaining({ key: '7', topic: 'a' }) as unknown,
      }),
    );
  });

  it('counts UTF-8 bytes and headers', () => {
    const small = recordBytes({ key: 'k', value: 'ä' });
    expect(recordBytes({ key: 'k', value: 'ää' }) - small).toBe(2);
    const withHeader = recordBytes({ key: 'k', value: 'ä', headers: { name: 'value' } });
    expect(withHeader - small).toBeGreaterThanOrEqual('name'.length + 'value'.length + 2);
  });
});
