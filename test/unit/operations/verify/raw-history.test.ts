import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { archivedImages, type ArchivedImage } from '../../../../operations/verify/raw-history.ts';
import { createDecoder, createEncoder } from '../../../../runtime/avro/single-object-encoding.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import { rawKey } from '../../../../schemas/raw-archive.ts';
import { rowChangeSchema, type RowChange } from '../../../../schemas/row-change.ts';
import { ticket } from './readings.ts';

const fields = supportTickets.mapping.map(({ field }) => field);
// One column has another name at the source, and one is only carried.
const columns = [...fields.map((field) => (field === 'agent' ? 'agent name' : field)), 'unmapped'];
const schema = rowChangeSchema(
  'shape',
  columns.map((name) => ({
    ...{ name, type: 'text' },
    ...(name === 'agent name' ? { mappedField: 'agent' } : {}),
  })),
);
const encoder = createEncoder(schema);
const scope = { dataset: supportTickets, source: 's.care.tickets' };

function record(
  op: RowChange['op'],
  seq: number,
  [before, after]: (object | null)[],
  table = 'tickets',
) {
  const row = (raw: object | null | undefined) => {
    if (!raw) return null;
    const { agent, ...rest } = raw as Record<string, string | null>;
    return { ...rest, x_6167656e74206e616d65: agent, unmapped: 'x' };
  };
  const value = encoder.encode({
    ...{ op, before: row(before), after: row(after), transaction_end: true, read_at_ms: 1 },
    source: {
      ...{ server: 's', schema: 'care', table, epoch: 7, seq, file: null, position: null },
      ...{ row: null, gtid: `0-1-${seq}`, source_time_ms: 5_000 },
    },
  });
  return JSON.stringify({ value: value.toString('base64') });
}

async function read(lines: readonly string[]): Promise<ArchivedImage[]> {
  const topic = supportTickets.topic.name;
  const key = rawKey(supportTickets, '2025-07-01', { topic, partition: 0, first: 0n, last: 9n });
  const all: ArchivedImage[] = [];
  const archive = {
    keys: async () => ['support-tickets/raw/other', key],
    get: async () => gzipSync(`${lines.join('\n')}\n`),
    decoder: async () => createDecoder(schema),
  };
  for await (const images of archivedImages(scope, archive)) all.push(...images);
  return all;
}

it('reads every image of its source, with the names that the writer found', async () => {
  const [old, now] = [ticket(), ticket({ status: 'Resolved' })];
  const shared = { epoch: 7, committedMs: 5_000 };
  const images = await read([
    record('c', 1, [null, old]),
    record('u', 2, [old, now]),
    record('d', 4, [now, null]),
    record('c', 1, [null, old], 'another'),
    JSON.stringify({ value: Buffer.from('garbage').toString('base64') }),
    JSON.stringify({ value: null }),
  ]);
  expect(images).toEqual([
    { ...shared, seq: 1, kind: '+', raw: old, gtid: '0-1-1' },
    { ...shared, seq: 2, kind: '-', raw: old, gtid: '0-1-2' },
    { ...shared, seq: 3, kind: '+', raw: now, gtid: '0-1-2' },
    { ...shared, seq: 4, kind: '-', raw: now, gtid: '0-1-4' },
  ]);
});

it('names an object that is none of the archive’s', async () => {
  await expect(read(['no line'])).rejects.toMatchObject({ code: 'LAKE_4004' });
});
