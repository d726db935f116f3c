import { describe, expect, it } from 'vitest';
import { ChangeEncoder } from '../../../cdc-reader/change-records.ts';
import { describeShape } from '../../../cdc-reader/table-shape.ts';
import type { NumberedChange } from '../../../cdc-reader/transaction-tracker.ts';
import { createDecoder } from '../../../runtime/avro/single-object-encoding.ts';
import { MAX_BATCH_BYTES } from '../../../runtime/kafka/partition-batches.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { rowChangeSchema, type RowChange } from '../../../schemas/row-change.ts';

const shape = describeShape(
  { ...supportTickets, mapping: [{ field: 'ticket_id', column: 'ticket_id' }] },
  ['ticket_id', 'odd name'].map((name) => ({ name, type: 'text', charset: 'utf8mb4' })),
);
const origin = { sourceId: 's.d.t', server: 's', database: 'd', table: 't' };
const row = (ticket_id: string | null, odd = '') => ({ ticket_id, x_6f6464206e616d65: odd });

const insert: NumberedChange = {
  op: 'c',
  shape,
  before: null,
  after: row('T1', 'ä'),
  epoch: 1_700_000_000,
  seq: 5,
  transactionEnd: true,
  gtid: '0-1-7',
  timeMs: 1_700_000_000_000,
  row: 2,
  place: { file: 'binlog.000001', position: 120 },
};
const marker: NumberedChange = { ...insert, op: 't', shape: null, after: null, seq: 6 };

const decode = (value: unknown) =>
  createDecoder(rowChangeSchema(shape.hash, shape.columns)).decode(value as Buffer) as RowChange;

describe('ChangeEncoder', () => {
  it('repeats the numbers in headers and gives the columns their own names', () => {
    const [record] = new ChangeEncoder(origin, () => 1_700_000_001_234).encode(insert);
    expect(record?.message.headers).toEqual({
      'careplus-source': 's.d.t',
      'careplus-epoch': '1700000000',
      'careplus-seq': '5',
      'careplus-images': '1',
      'careplus-kind': 'c',
      'careplus-txn-end': '1',
    });
    expect(decode(record?.message.value)).toEqual({
      op: 'c',
      before: null,
      after: row('T1', 'ä'),
      source: {
        server: 's',
        schema: 'd',
        table: 't',
        epoch: 1_700_000_000,
        seq: 5,
        file: 'binlog.000001',
        position: 120,
        row: 2,
        gtid: '0-1-7',
        source_time_ms: 1_700_000_000_000,
      },
      transaction_end: true,
      read_at_ms: 1_700_000_001_234,
    });
  });

  it.each([
    ['the row after', { ...insert, op: 'u' as const, before: row('T0') }, 'T1'],
    ['the row before, if there is none after', { ...insert, before: row('T0'), after: null }, 'T0'],
    ['the source for a key that is NULL', { ...insert, after: row(null) }, 's.d.t'],
    ['the source for a key that is empty', { ...insert, after: row('') }, 's.d.t'],
    ['the source for markers', marker, 's.d.t'],
  ])('takes its key from %s', (_, change, key) => {
    expect(new ChangeEncoder(origin).encode(change)[0]?.message.key).toBe(key);
  });

  it('hands out a schema once, with the first record that needs it', () => {
    const encoder = new ChangeEncoder(origin);
    const schemas = [insert, marker, insert, marker].map(
      (change) => encoder.encode(change)[0]?.newSchema,
    );
    expect(schemas).toEqual([
      rowChangeSchema(shape.hash, shape.columns),
      expect.objectContaining({ name: 'RowChange' }),
      null,
      null,
    ]);
  });

  it('divides an update that no batch can hold into a delete and an insert', () => {
    const long = 'x'.repeat(0.6 * MAX_BATCH_BYTES);
    const update = { ...insert, op: 'u' as const, before: row('T1', long), after: row('T1', long) };
    const records = new ChangeEncoder(origin).encode(update);
    expect(records.map(({ newSchema }) => newSchema !== null)).toEqual([true, false]);
    const changes = records.map(({ message }) => decode(message.value));
    expect(
      changes.map(({ op, source, transaction_end }) => [op, source.seq, transaction_end]),
    ).toEqual([
      ['d', 5, false],
      ['c', 6, true],
    ]);
    expect(records.map(({ message }) => message.headers?.['careplus-images'])).toEqual(['1', '1']);
    expect(changes[0]?.before).toEqual(update.before);
    expect(changes[1]?.after).toEqual(update.after);
  });

  it('keeps a record within what the broker takes, at the cost of what no field takes', () => {
    const long = 'ü'.repeat(MAX_BATCH_BYTES);
    const records = new ChangeEncoder(origin).encode({
      ...insert,
      op: 'u',
      before: row('T1', long),
      after: row('T1', `${long}!`),
    });
    expect(records.map(({ bytes }) => bytes <= MAX_BATCH_BYTES)).toEqual([true, true]);
    const changes = records.map(({ message }) => decode(message.value));
    expect(changes.map(({ op, source: { seq } }) => [op, seq])).toEqual([
      ['d', 5],
      ['c', 6],
    ]);
    const [before, after] = changes.map((change) => change.before ?? change.after);
    expect([before?.['ticket_id'], after?.['ticket_id']]).toEqual(['T1', 'T1']);
    expect(before?.['x_6f6464206e616d65']).toContain(`[${2 * long.length} bytes, SHA-256 `);
    expect(before).not.toEqual(after);
    expect(records.map(({ newSchema }) => newSchema !== null)).toEqual([true, false]);
  });
});
