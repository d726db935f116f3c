import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createDecoder, createEncoder } from '../../../runtime/avro/single-object-encoding.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { logBlockSchema, logHeaders } from '../../../schemas/log-entries.ts';
import { createBlockBatchProcessor } from '../../../stream-processors/logs/block-batch.ts';
import { block, entryText, filler, message, range } from './log-blocks.ts';

const grownSchema = {
  ...logBlockSchema,
  fields: [...logBlockSchema.fields, { name: 'zone', type: 'string', default: '' }],
};
const otherSchema = {
  type: 'record',
  name: 'LogBlock',
  fields: [{ name: 'host', type: 'string' }],
};
const decoders = [logBlockSchema, grownSchema, otherSchema].map((schema) => createDecoder(schema));
const schemas = {
  lookup: async (fingerprint: string) =>
    decoders.find((decoder) => decoder.fingerprint === fingerprint),
};
const encoder = createEncoder(logBlockSchema);

const entry = entryText();
const whole = block([filler(0, 3), range(3, entry), range(3 + entry.length, entry)]);
const next = block([range(10_000, entry)]);

async function process(...messages: KafkaMessage[]) {
  const processor = createBlockBatchProcessor({ dataset: supportLogs, schemas });
  return processor.process({ partition: 4, messages }, AbortSignal.timeout(5_000));
}

describe('a batch of log blocks', () => {
  it('becomes one row a range, in order, with the evidence of where they stood', async () => {
    const { rows, deadLetters } = await process(message(8, whole, encoder.encode(whole)));
    expect(deadLetters).toEqual([]);
    expect(rows.map(({ pos, len, kind, accepted }) => [pos, len, kind, accepted])).toEqual([
      [0, 3, 'F', 0],
      [3, entry.length, 'E', 1],
      [3 + entry.length, entry.length, 'E', 1],
    ]);
    expect(rows[1]).toMatchObject({
      ...{ host: 'web-1', generation: '1741064767000-f00d', generation_start: 0 },
      ...{ path: '/var/log/shop.log', read_at_ms: 6_000, kafka_partition: 4, kafka_offset: 8 },
    });
  });

  it('reads a schema that has grown', async () => {
    const value = createEncoder(grownSchema).encode({ ...whole, zone: 'eu' });
    const { rows, deadLetters } = await process(message(8, whole, value));
    expect([rows.length, deadLetters.length]).toEqual([3, 0]);
  });

  const hole = block([range(0, entry), range(entry.length + 1, entry)]);
  const strange = block([range(0, entry, { kind: 'entity' as 'entry' })]);
  const nameless = block([range(0, entry, { entry_id: '' })]);
  it.each([
    ['garbage bytes', message(8, whole, Buffer.from('garbage')), 'KFK_3003'],
    ['no value', message(8, whole, null), 'KFK_3003'],
    ['a cut record', message(8, whole, encoder.encode(whole).subarray(0, 40)), 'KFK_3003'],
    [
      'an unknown schema',
      message(8, whole, createEncoder({ ...otherSchema, name: 'Other' }).encode({ host: 'h' })),
      'KFK_3004',
    ],
    [
      'a schema of something else',
      message(8, whole, createEncoder(otherSchema).encode({ host: 'h' })),
      'KFK_3003',
    ],
    ['another block than the headers say', message(8, whole, encoder.encode(next)), 'KFK_3007'],
    ['ranges with a hole', message(8, hole, encoder.encode(hole)), 'KFK_3003'],
    ['a kind that nobody knows', message(8, strange, encoder.encode(strange)), 'KFK_3003'],
    ['an entry without an id', message(8, nameless, encoder.encode(nameless)), 'KFK_3003'],
  ])('sets %s aside with one row over its range and goes on', async (_, bad, code) => {
    const { rows, deadLetters } = await process(bad, message(9, next, encoder.encode(next)));
    expect(deadLetters.map((letter) => [letter.code, letter.message.offset])).toEqual([
      [code, '8'],
    ]);
    const end = Number(bad.headers?.[logHeaders.end]);
    expect(rows.map(({ pos, len, kind }) => [pos, len, kind])).toEqual([
      [0, end, 'X'],
      [10_000, entry.length, 'E'],
    ]);
    expect(rows[0]).toMatchObject({
      ...{ entry_id: '', rules_version: 0, reasons: 'record:unreadable', read_at_ms: 7_000 },
    });
  });

  it.each([
    ['without a header', logHeaders.first, undefined],
    ['with a header that is no number', logHeaders.first, '0x10'],
    ['with a header of no value', logHeaders.host, null as unknown as string],
    ['with an empty range', logHeaders.end, '0'],
    ['with a start behind its first byte', logHeaders.generationStart, '7'],
    ['with a nameless host', logHeaders.host, ''],
    ['with a host that no column holds', logHeaders.host, 'é'.repeat(128)],
  ])('makes a dead letter alone of a record %s', async (_, header, value) => {
    const stranger = message(8, whole, encoder.encode(whole));
    if (value === undefined) delete stranger.headers?.[header];
    else stranger.headers = { ...stranger.headers, [header]: value };
    const { rows, deadLetters } = await process(stranger);
    expect(rows).toEqual([]);
    expect(deadLetters.map((letter) => letter.code)).toEqual(['KFK_3007']);
  });
});
