import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createDecoder, createEncoder } from '../../../runtime/avro/single-object-encoding.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { changeHeaders, rowChangeSchema, type RowChange } from '../../../schemas/row-change.ts';
import { createChangeBatchProcessor } from '../../../stream-processors/tables/change-batch.ts';

const columns = [
  'ticket_id',
  'created_at',
  'resolved_at',
  'agent',
  'priority',
  'num_interactions',
  'IssUeCat',
  'channel',
  'status',
  'a new column',
].map((name) => ({ name, type: 'text' }));
const schema = rowChangeSchema('0123', columns);
const encoder = createEncoder(schema);
const schemas = {
  lookup: async (fingerprint: string) =>
    fingerprint === encoder.fingerprint ? createDecoder(schema) : undefined,
};

function change(seq: number, overrides: Partial<RowChange> = {}): RowChange {
  return {
    op: 'c',
    before: null,
    after: {
      ticket_id: `T${seq}`,
      created_at: '2025-07-01 10:00',
      resolved_at: null,
      agent: 'Ada',
      priority: 'Low',
      num_interactions: '1',
      IssUeCat: 'Bug Report',
      channel: 'Chat',
      status: 'Open',
      x_61206e657720636f6c756d6e: 'carried, not mapped',
    },
    source: {
      server: 's',
      schema: 'db',
      table: 't',
      epoch: 3,
      seq,
      file: 'binlog.1',
      position: 4,
      row: 0,
      gtid: '0-1-9',
      source_time_ms: 5_000,
    },
    transaction_end: true,
    read_at_ms: 6_000,
    ...overrides,
  };
}

function message(offset: number, value: Buffer | null, seq = offset, op = 'c'): KafkaMessage {
  return {
    key: Buffer.from(`T${seq}`),
    value,
    timestamp: '7000',
    attributes: 0,
    offset: String(offset),
    headers: {
      [changeHeaders.source]: 's.db.t',
      [changeHeaders.epoch]: '3',
      [changeHeaders.seq]: String(seq),
      [changeHeaders.images]: op === 'u' ? '2' : '1',
      [changeHeaders.kind]: op,
      [changeHeaders.transactionEnd]: '1',
    },
  };
}

const fieldOf = (name: string) =>
  supportTickets.mapping.find(({ column }) => column === name)?.field ?? '';

async function process(...messages: KafkaMessage[]) {
  const processor = createChangeBatchProcessor({ dataset: supportTickets, schemas });
  return processor.process({ partition: 1, messages }, AbortSignal.timeout(5_000));
}

describe('a batch of changes', () => {
  it('becomes rows with the evidence of where they stood', async () => {
    const { rows, deadLetters } = await process(message(8, encoder.encode(change(8))));
    expect(deadLetters).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      seq: 8,
      ticket_id: 'T8',
      accepted: 1,
      gtid: '0-1-9',
      committed_ms: 5_000,
      read_at_ms: 6_000,
      kafka_partition: 1,
      kafka_offset: 8,
    });
  });

  it.each([
    ['garbage bytes', Buffer.from('garbage'), 'KFK_3003'],
    ['no value', null, 'KFK_3003'],
    ['a cut record', encoder.encode(change(8)).subarray(0, 40), 'KFK_3003'],
    ['trailing bytes', Buffer.concat([encoder.encode(change(8)), Buffer.of(0)]), 'KFK_3003'],
    [
      'an unknown schema',
      createEncoder(rowChangeSchema('ffff', columns)).encode(change(8)),
      'KFK_3004',
    ],
    ['a value of another number', encoder.encode(change(7)), 'KFK_3007'],
    ['a value without its image', encoder.encode(change(8, { after: null })), 'KFK_3003'],
  ])('sets %s aside with a marker and goes on', async (_, value, code) => {
    const { rows, deadLetters } = await process(
      message(8, value),
      message(9, encoder.encode(change(9))),
    );
    expect(deadLetters.map((letter) => letter.code)).toEqual([code]);
    expect(deadLetters[0]?.message.offset).toBe('8');
    expect(rows.map(({ seq, kind }) => [seq, kind])).toEqual([
      [8, 'X'],
      [9, '+'],
    ]);
  });

  const readBy = async (
    writer: ReturnType<typeof rowChangeSchema>,
    row: Record<string, string>,
  ) => {
    const writes = createEncoder(writer);
    const processor = createChangeBatchProcessor({
      dataset: supportTickets,
      schemas: { lookup: async () => createDecoder(writer) },
    });
    const value = writes.encode(change(8, { after: row }));
    const signal = AbortSignal.timeout(5_000);
    return processor.process({ partition: 1, messages: [message(8, value)] }, signal);
  };

  it('reads a renamed column by the field that the writer found for it', async () => {
    const renamed = columns.map(({ name, type }) =>
      name === 'status' ? { name: 'state', type, mappedField: 'status' } : { name, type },
    );
    const { status, ...row } = change(8).after as Record<string, string>;
    const { rows, deadLetters } = await readBy(rowChangeSchema('a1', renamed), {
      ...row,
      ...{ state: 'Escalated', was: status ?? '' },
    });
    expect(deadLetters).toEqual([]);
    expect(rows[0]).toMatchObject({ accepted: 1, status: 'Escalated' });
  });

  it('reads a field that the mapping got later from what an old record only carried', async () => {
    const old = columns.map((column) =>
      column.name === 'channel' ? column : { ...column, mappedField: fieldOf(column.name) },
    );
    const row = change(8).after as Record<string, string>;
    const { rows } = await readBy(rowChangeSchema('a2', old), row);
    expect(rows[0]).toMatchObject({ accepted: 1, channel: 'Chat' });
  });

  it('sets a record aside whose writer had no column for a mapped field', async () => {
    const without = columns.filter(({ name }) => name !== 'status');
    const row = change(8).after as Record<string, string>;
    const { rows, deadLetters } = await readBy(rowChangeSchema('a3', without), row);
    expect(deadLetters.map(({ code }) => code)).toEqual(['CDC_1003']);
    expect(rows.map(({ kind }) => kind)).toEqual(['X']);
  });

  it('makes a dead letter alone of a record that was not the reader’s', async () => {
    const stranger = message(8, encoder.encode(change(8)));
    delete stranger.headers?.[changeHeaders.seq];
    const { rows, deadLetters } = await process(stranger);
    expect(rows).toEqual([]);
    expect(deadLetters.map((letter) => letter.code)).toEqual(['KFK_3007']);
  });

  it('numbers both images of an update', async () => {
    const before = change(8).after;
    const update = change(8, { op: 'u', before, after: { ...before, status: 'Escalated' } });
    const { rows } = await process(message(8, encoder.encode(update), 8, 'u'));
    expect(rows.map(({ seq, kind, tx_end }) => [seq, kind, tx_end])).toEqual([
      [8, '-', 0],
      [9, '+', 1],
    ]);
  });
});
