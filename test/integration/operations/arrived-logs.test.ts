import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { summaryOfArrived, verifyArrivedLogs } from '../../../operations/verify/arrived-logs.ts';
import { booksClose, emptyBooks } from '../../../operations/verify/books.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { startLocalWarehouse, type LocalWarehouse } from '../dashboard/local-warehouse.ts';
import { insertRows } from './loaded-warehouse.ts';

const { signal } = new AbortController();
const version = supportLogs.rulesVersion;
let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
});
afterAll(() => warehouse.close());

/** Two hosts: `a` came twice, `b` was set aside, `c` waits above a hole of its file. */
beforeEach(async () => {
  const { database } = warehouse;
  for (const table of ['log_arrivals', 'log_pending', 'log_unreadable', 'log_entry']) {
    await database.query(`DELETE FROM careplus.${table}`);
  }
  await database.query('DELETE FROM ops.log_frontier');
  const range = (host: string, pos: number, entry_id: string, kind = 'E') => ({
    ...{ host, generation: '1-g', pos, len: 10, kind, entry_id },
  });
  await insertRows(database, 'careplus.log_arrivals', [
    range('web-1', 0, 'a'),
    range('web-1', 10, '', 'F'),
    range('web-1', 20, 'a'),
    range('web-2', 5, 'b'),
  ]);
  await insertRows(database, 'careplus.log_pending', [range('web-2', 40, 'c')]);
  const entry = (entry_id: string, copies: number, accepted: number, book_day: string) => ({
    ...{ entry_id, copies, accepted, book_day, rules_version: version, host: 'web-1' },
  });
  await insertRows(database, 'careplus.log_entry', [
    entry('a', 2, 1, '2025-07-01'),
    entry('b', 1, 0, 'unknown'),
    entry('c', 1, 1, '2025-07-02'),
  ]);
  const frontier = (host: string, generation_start: number, upto: number) => ({
    ...{ host, generation: '1-g', generation_start, upto, read_at_ms: 1 },
  });
  await insertRows(database, 'ops.log_frontier', [
    frontier('web-1', 0, 30),
    frontier('web-2', 5, 15),
  ]);
});

const shipped = (upto: number) =>
  new Map([
    ['web-1/1-g', { host: 'web-1', start: 0, upto: 30 }],
    ['web-2/1-g', { host: 'web-2', start: 5, upto }],
  ]);

const verify = async (upto = 15, timeoutMs = 20_000) => {
  const { api } = warehouse;
  const options = { api, signal, timeoutMs, pollMs: 10, note: () => undefined };
  const result = await verifyArrivedLogs(supportLogs, shipped(upto), options);
  if (!result) throw new Error('nothing was shipped');
  return result;
};

const change = (sql: string) => warehouse.database.query(sql);

describe('logs whose files lie elsewhere', () => {
  it('close their books over what arrived, all hosts together', async () => {
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    const books = { ...emptyBooks, read: 4, shown: 2, repeats: 1, quarantined: 1 };
    expect(result.books).toEqual(books);
    expect(booksClose(result.books)).toBe(true);
    expect(result.days.get('2025-07-01')).toEqual({ ...emptyBooks, read: 2, shown: 1, repeats: 1 });
    expect(summaryOfArrived(supportLogs, result)).toMatchObject({
      ...{ ok: true, dataset: 'logs', source: 'web-1, web-2', compared_with: 'arrivals' },
      ...{ files: 2, bytes: 40, differences_total: 0 },
    });
  });

  it('are behind when a shipper has written more than the warehouse has', async () => {
    const { differences } = await verify(25, 30);
    expect(differences.first).toEqual([
      { kind: 'behind', key: 'web-2/1-g', expected: 25, found: 15 },
    ]);
  });

  it.each([
    [
      'an entry counted too often',
      "UPDATE careplus.log_entry SET copies = 3 WHERE entry_id = 'a'",
      'surplus-row',
    ],
    [
      'an entry that is not there',
      "DELETE FROM careplus.log_entry WHERE entry_id = 'c'",
      'missing-row',
    ],
    [
      'an entry that never arrived',
      "UPDATE careplus.log_arrivals SET kind = 'F' WHERE entry_id = 'b'",
      'surplus-row',
    ],
    [
      'a hole below the frontier',
      "DELETE FROM careplus.log_arrivals WHERE kind = 'F'",
      'missing-range',
    ],
    [
      'a range that is there twice',
      "INSERT INTO careplus.log_arrivals SELECT * FROM careplus.log_arrivals WHERE kind = 'F'",
      'range-twice',
    ],
    [
      'entries judged by older rules',
      `UPDATE careplus.log_entry SET rules_version = ${version + 1} WHERE entry_id = 'a'`,
      'rules-version',
    ],
  ])('show %s', async (_, sql, kind) => {
    await change(sql);
    const result = await verify();
    expect(result.differences.first.map((each) => each.kind)).toEqual([kind]);
    expect(summaryOfArrived(supportLogs, result).ok).toBe(false);
  });

  it('count blocks that could not be read, which leave the ranges of their file open', async () => {
    await change("DELETE FROM careplus.log_arrivals WHERE kind = 'F'");
    await insertRows(warehouse.database, 'careplus.log_unreadable', [
      { host: 'web-1', generation: '1-g', pos: 10, len: 10, read_at_ms: 1 },
    ]);
    const { books, days, differences } = await verify();
    expect(differences.first).toEqual([]);
    expect(books).toMatchObject({ read: 5, dead_lettered: 1 });
    expect(days.get('unknown')).toMatchObject({ read: 2, quarantined: 1, dead_lettered: 1 });
  });

  it('are not spoken of where nothing was ever shipped', async () => {
    await change('DELETE FROM ops.log_frontier');
    const { api } = warehouse;
    const options = { api, signal, timeoutMs: 1, pollMs: 1, note: () => undefined };
    expect(await verifyArrivedLogs(supportLogs, new Map(), options)).toBeUndefined();
  });
});
