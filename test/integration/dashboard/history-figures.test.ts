import { beforeAll, expect, it } from 'vitest';
import { keyHash } from '../../../schemas/image-identity.ts';
import { historyMeasures, measureSql } from '../../../schemas/measures.ts';
import { startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();

let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
  return () => warehouse.close();
}, 60_000);

const rowsOf = async (sql: string) => (await warehouse.api.query(sql, { signal })).rows;

async function figure(name: (typeof historyMeasures)[number]['name']) {
  const measure = historyMeasures.find((each) => each.name === name);
  if (!measure) throw new Error(`no measure ${name}`);
  const [row] = await rowsOf(measureSql(measure));
  return [row?.['numerator'], row?.['denominator']].map((part) =>
    part == null ? null : Number(part),
  );
}

it('ages are taken at the newest time that a ticket tells, errors are joined by key hash', async () => {
  const key = (id: string) => ({ ticket_id: id, key_hash: keyHash(id, '') });
  await warehouse.putRows([
    { ...key('T1'), created: '2025-07-01T10:00:00Z' },
    { ...key('T2'), created: '2025-07-03T09:00:00Z' },
    // The newest time of all.
    {
      ...key('T3'),
      status: 'Resolved',
      created: '2025-07-02T10:00:00Z',
      resolved: '2025-07-03T10:00:00Z',
    },
    { ...key('T4'), accepted: 0, reasons: 'status:unknown-value' },
  ]);
  // 48 hours and 1 hour.
  expect(await figure('mean_open_age_hours')).toEqual([49 * 3600, 2]);
  expect(
    await rowsOf(
      'SELECT ticket_id, age_range, age_order FROM reporting.ticket_ages ORDER BY age_order',
    ),
  ).toEqual([
    { ticket_id: 'T2', age_range: 'under 4 h', age_order: 1 },
    { ticket_id: 'T1', age_range: '1 to 3 days', age_order: 3 },
  ]);

  await warehouse.putLogEntries([
    { message: 'a', ticket_id: 'T1', log_level: 'ERROR' },
    { message: 'b', ticket_id: 'T1', log_level: 'ERROR', copies: 3 },
    { message: 'c', ticket_id: 'T1' },
    // Neither a blank behind it nor another case is this ticket.
    { message: 'd', ticket_id: 'T1 ', log_level: 'ERROR' },
    { message: 'e', ticket_id: 't1', log_level: 'ERROR' },
    { message: 'f', ticket_id: 'T4', log_level: 'ERROR' },
    { message: 'g', ticket_id: null, log_level: 'ERROR' },
    { message: 'h', ticket_id: 'T2', log_level: 'ERROR', accepted: 0, reasons: 'ip:missing' },
  ]);
  expect(await figure('ticket_errors')).toEqual([2, null]);
  expect(await figure('tickets_with_errors')).toEqual([1, null]);
  expect(await figure('errors_without_ticket')).toEqual([3, null]);
  const [joined] = await rowsOf(
    `SELECT e.errors, t.status FROM reporting.ticket_errors e
     JOIN reporting.tickets t ON t.ticket_key = e.ticket_key`,
  );
  expect(joined).toEqual({ errors: 2, status: 'Open' });

  // Of a ticket that two sources hold the first one counts, and its errors count once.
  await warehouse.database.query(
    `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
     VALUES ('zoo.care.tickets', 1, 9, 1, 1, 1, 1760000000000)`,
  );
  const zoo = { source: 'zoo.care.tickets', epoch: 1 };
  await warehouse.putRows([
    { ...key('T1'), ...zoo, status: 'Escalated' },
    { ...key('t1'), ...zoo, status: 'Escalated' },
  ]);
  expect(
    await rowsOf(
      `SELECT ticket_id, errors, status FROM reporting.ticket_errors
       WHERE ticket_shown = 'Yes' ORDER BY ticket_id`,
    ),
  ).toEqual([
    { ticket_id: 'T1', errors: 2, status: 'Open' },
    { ticket_id: 't1', errors: 1, status: 'Escalated' },
  ]);
});
