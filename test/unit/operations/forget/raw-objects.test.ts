import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../../../../operations/forget/raw-objects.ts';
import { createDecoder, createEncoder } from '../../../../runtime/avro/single-object-encoding.ts';
import { supportTickets as dataset } from '../../../../schemas/datasets/support-tickets/index.ts';
import { ERASED_RULES_VERSION } from '../../../../schemas/erased-image.ts';
import { keyHash } from '../../../../schemas/image-identity.ts';
import {
  changeHeaders,
  rowChangeSchema,
  type ChangeOp,
  type RowValues,
} from '../../../../schemas/row-change.ts';
import { rawLine } from '../../../../stream-processors/archive/raw-object.ts';
import { createChangeBatchProcessor } from '../../../../stream-processors/tables/change-batch.ts';
import { createRecordEraser } from '../../../../stream-processors/tables/erased-record.ts';

const signal = AbortSignal.timeout(10_000);
const schema = rowChangeSchema(
  'abcd',
  dataset.mapping.map(({ column, field }) => ({ name: column, type: 'text', mappedField: field })),
);
const encoder = createEncoder(schema);
const decoder = createDecoder(schema);
const schemas = { lookup: async () => decoder };
const key = keyHash('GONE', '');

const rowOf = (id: string): RowValues =>
  Object.fromEntries(
    dataset.mapping.map(({ column, field }) => [column, field === 'ticket_id' ? id : `of ${id}`]),
  );

function record(
  op: ChangeOp,
  seq: number,
  { before, after, epoch = 3 }: { before?: string; after?: string; epoch?: number },
): KafkaMessage {
  const source = { server: 's', schema: 'db', table: 't', epoch, seq, file: 'bin.1', position: 4 };
  const value = encoder.encode({
    op,
    before: before === undefined ? null : rowOf(before),
    after: after === undefined ? null : rowOf(after),
    source: { ...source, row: 0, gtid: '0-1-9', source_time_ms: 5_000 },
    ...{ transaction_end: true, read_at_ms: 6_000 },
  });
  return {
    ...{ value, timestamp: '7000', attributes: 0, offset: String(seq) },
    key: Buffer.from(after ?? before ?? 's.db.t'),
    headers: {
      [changeHeaders.source]: 's.db.t',
      [changeHeaders.epoch]: String(epoch),
      [changeHeaders.seq]: String(seq),
      [changeHeaders.images]: op === 'u' ? '2' : '1',
      [changeHeaders.kind]: op,
      [changeHeaders.transactionEnd]: '1',
    },
  };
}

/** The warehouse knows the numbers of GONE up to 20. */
const ticket = (...seqs: number[]) => ({
  ...{ ticketId: 'GONE', keyHash: key },
  erasures: [{ keyHash: key, source: 's.db.t', epoch: 3, seq: 20 }],
  numbers: new Set(seqs.map((seq) => `s.db.t:3:${seq}`)),
});

describe('which images of a record are the ticket’s', () => {
  it.each([
    ['an insert', record('c', 1, { after: 'GONE' }), [1], { after: key }],
    [
      'an update',
      record('u', 2, { before: 'GONE', after: 'GONE' }),
      [2, 3],
      { before: key, after: key },
    ],
    ['a delete', record('d', 4, { before: 'GONE' }), [4], { before: key }],
    [
      'what it was before its id changed',
      record('u', 5, { before: 'GONE', after: 'NEW' }),
      [5],
      { before: key },
    ],
    [
      'what it became, not what was before',
      record('u', 7, { before: 'OLD', after: 'GONE' }),
      [8],
      { after: key },
    ],
    ['another ticket', record('c', 9, { after: 'OTHER' }), [1], undefined],
    ['a new life of the id', record('c', 21, { after: 'GONE' }), [1], undefined],
    [
      'an epoch that was broken off',
      record('r', 30, { after: 'GONE', epoch: 2 }),
      [],
      { after: key },
    ],
  ])('%s', (_, message, numbers, expected) => {
    expect(contentOf(message, ticket(...numbers))).toEqual(expected);
  });

  it('a record that is not the reader’s is known by its key', () => {
    const foreign = {
      ...record('c', 1, { after: 'GONE' }),
      headers: { some: 'header' },
    } as KafkaMessage;
    expect(contentOf(foreign, ticket())).toEqual({});
    expect(contentOf({ ...foreign, key: null }, ticket())).toBeUndefined();
  });
});

describe('a record without them', () => {
  const eraser = createRecordEraser(schemas);
  const textOf = ({ value, ...message }: KafkaMessage) =>
    `${value?.toString('latin1') ?? ''}${rawLine({ ...message, value: null })}`;

  it('has rows of the same numbers, without content, and leaves the other ticket as it is', async () => {
    const message = record('u', 5, { before: 'GONE', after: 'NEW' });
    const erased = await eraser.erase(message, { before: key }, signal);
    expect(textOf(message)).toContain('of GONE');
    expect(textOf(erased)).not.toContain('GONE');
    expect(contentOf(erased, ticket(5))).toBeUndefined();
    const processor = createChangeBatchProcessor({ dataset, schemas });
    const rowsOf = async (each: KafkaMessage) => {
      const { rows, deadLetters } = await processor.process(
        { partition: 1, messages: [each] },
        signal,
      );
      expect(deadLetters).toEqual([]);
      return rows;
    };
    const [before, after] = await rowsOf(erased);
    expect(before).toMatchObject({
      ...{ seq: 5, kind: '-', key_hash: key, rules_version: ERASED_RULES_VERSION },
      ...{ gtid: '0-1-9', kafka_offset: 5 },
    });
    expect(after).toEqual((await rowsOf(message))[1]);
  });

  it('is erased once more without a trace of the first time', async () => {
    const message = record('u', 2, { before: 'GONE', after: 'GONE' });
    const half = await eraser.erase(message, { before: key }, signal);
    const whole = await eraser.erase(half, { after: key }, signal);
    expect(textOf(whole)).not.toContain('GONE');
    const processor = createChangeBatchProcessor({ dataset, schemas });
    const { rows } = await processor.process({ partition: 1, messages: [whole] }, signal);
    expect(rows.map(({ seq, key_hash: hash }) => [seq, hash])).toEqual([
      [2, key],
      [3, key],
    ]);
  });

  it('that cannot be read, or is not the reader’s, loses all its bytes', async () => {
    const torn = { ...record('c', 1, { after: 'GONE' }), value: Buffer.from('GONE') };
    expect(await eraser.erase(torn, { after: key }, signal)).toMatchObject({
      value: null,
      key: null,
    });
    const foreign = { ...record('c', 1, { after: 'GONE' }), headers: {} } as KafkaMessage;
    expect(await eraser.erase(foreign, {}, signal)).toMatchObject({ value: null, key: null });
  });
});
