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

describe('dividing a write into batches', () => {
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
        const sent = new Map<string, (Buffer | string | null)[]>();
        for (const round of partitionBatches(records, byKey)) {
          const places = round.map(({ topic, partition }) => `${topic}/${partition}`);
          expect(new Set(places).size).toBe(places.length);
          for (const { topic, partition, messages } of round) {
            const place = `${topic}/${partition}`;
            sent.set(place, [...(sent.get(place) ?? []), ...messages.map(({ value }) => value)]);
            const bytes = messages.reduce((sum, each) => sum + recordBytes(each), 0);
            expect(bytes).toBeLessThanOrEqual(MAX_BATCH_BYTES);
          }
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

  it('is one round when everything fits', () => {
    const messages = Array.from({ length: 1_000 }, (_, n) => ({ key: `${n}`, value: 'x' }));
    const rounds = partitionBatches(
      [
        { topic: 'a', messages },
        { topic: 'b', messages },
      ],
      byKey,
    );
    expect(rounds).toHaveLength(1);
    expect(rounds[0]).toHaveLength(6);
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
