import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { LakeRow } from '../../../../stream-processors/batch-processor.ts';
import type { SendOptions } from '../../../../stream-processors/firehose/firehose-sender.ts';
import { refusedRecords } from '../../../../stream-processors/firehose/refused-records.ts';
import { createRowDelivery } from '../../../../stream-processors/firehose/row-delivery.ts';

const rows: LakeRow[] = [
  { seq: 1, kafka_offset: 10 },
  { seq: 2, kafka_offset: 11 },
  { seq: 3, kafka_offset: 11 },
];

/** A sender that replaces the rows of some indices. */
function replacingSender(replaced: readonly number[]) {
  const sent: string[] = [];
  return {
    sent,
    async send(records: readonly Buffer[], { standIn }: SendOptions) {
      sent.push(...records.map(String));
      sent.push(...replaced.map((index) => String(standIn?.(index))));
      return replaced;
    },
  };
}

describe('row delivery', () => {
  it('sends each row as one line of JSON, and the placeholder of one that is refused', async () => {
    const sender = replacingSender([2]);
    const processor = { placeholder: (row: LakeRow) => ({ seq: row['seq'] ?? null, kind: 'X' }) };
    const delivery = createRowDelivery({ sender, processor, log: pino({ level: 'silent' }) });
    expect(await delivery.deliver(rows, AbortSignal.timeout(1_000))).toEqual([rows[2]]);
    expect(sender.sent).toEqual([
      ...rows.map((row) => `${JSON.stringify(row)}\n`),
      '{"seq":3,"kind":"X"}\n',
    ]);
  });

  it('offers no stand-in for a row that has no placeholder', async () => {
    const sender = replacingSender([0]);
    const processor = { placeholder: () => undefined };
    const delivery = createRowDelivery({ sender, processor, log: pino({ level: 'silent' }) });
    await delivery.deliver(rows, AbortSignal.timeout(1_000));
    expect(sender.sent.at(-1)).toBe('undefined');
  });
});

describe('the records of refused rows', () => {
  const message = (offset: string) => ({
    ...{ key: null, value: null, timestamp: '0', attributes: 0, offset, headers: {} },
  });

  it('become one dead letter each, though two rows came from one', () => {
    const messages = ['10', '11', '12'].map(message);
    const letters = refusedRecords({ topic: 't', partition: 3, messages }, rows.slice(1));
    expect(letters).toMatchObject([
      { topic: 't', partition: 3, stage: 'TASK_PUT', code: 'LAKE_4005', message: messages[1] },
    ]);
    expect(letters).toHaveLength(1);
  });
});
