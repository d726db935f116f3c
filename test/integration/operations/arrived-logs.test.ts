import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { summaryOfArrived, verifyArrivedLogs } from '../../../operations/verify/arrived-logs.ts';
import { booksClose, emptyBooks } from '../../../operations/verify/books.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { recomputeLogSums } from '../../../warehouse-loader/log-sum-statements.ts';
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
  const entry = (entry_id: string, at: string, copies: number, book_day: string) => {
    const [host = '', pos] = at.split(':');
    const place = { host, generation: '1-g', pos: Number(pos), read_at_ms: 1 };
    return { ...{ entry_id, copies, book_day, rules_version: version }, ...place };
  };
  const accepted = { accepted: 1, log_level: 'ERROR', component: 'shop ', ticket_id: 'T1' };
  await insertRows(database, 'careplus.log_entry', [
    {
      ...entry('a', 'web-1:20', 2, '2025-07-01'),
      ...{ ...accepted, logged_at_ms: Date.UTC(2025, 6, 1, 10, 5), response_time_ms: 700 },
    },
    { ...entry('b', 'web-2:5', 1, 'unknown'), accepted: 0 },
    {
      ...entry('c', 'web-2:40', 1, '2025-07-02'),
      ...{ ...accepted, is_error: 1, logged_at_ms: Date.UTC(2025, 6, 2, 11) },
    },
  ]);
  const { summary } = supportLogs;
  if (summary === null) throw new Error('no sums');
  for (const sql of recomputeLogSums(supportLogs, summary, 'careplus.log_entry')) {
    await database.query(sql);
  }
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
    const kinds = result.differences.first.map((each) => each.kind);
    // What entries give to their sums and where they were read are others' matters.
    const others = ['wrong-sum', 'wrong-place'];
    expect(kinds.filter((each) => !others.includes(each))).toEqual([kind]);
    expect(summaryOfArrived(supportLogs, result).ok).toBe(false);
  });

  const ofSums = (set: string, where: string) =>
    `UPDATE careplus.log_sums SET ${set} WHERE ${where}`;
  const hour = 'component 2025-07-01T10:00Z shop ';
  it.each([
    [ofSums('entries = 2', "dimension = 'component' AND hour_ms < 1751414400000"), hour, 'entries'],
    [ofSums('severe = 5', "dimension = 'ticket'"), 'ticket T1', 'severe'],
    [ofSums('copies = 3', "dimension = 'shown' AND copies = 2"), 'shown 2025-07-01', 'copies'],
    [ofSums('duration_ms = 1', "dimension = 'all' AND errors = 0"), 'all', 'duration_ms'],
    [ofSums("value_key = 'x'", "dimension = 'ticket'"), 'ticket T1', 'value_key'],
    [ofSums("component = 'shop'", "dimension = 'day' AND errors = 1"), 'day', 'entries'],
    ["DELETE FROM careplus.log_sums WHERE dimension = 'response_range'", '500-999', 'durations'],
  ])('have sums that are compared with the entries: %s', async (sql, place, column) => {
    await change(sql);
    const { differences } = await verify();
    expect(new Set(differences.first.map(({ kind }) => kind))).toEqual(new Set(['wrong-sum']));
    const named = differences.first.find(({ key }) => key?.includes(place));
    expect(named).toMatchObject({ table: 'careplus.log_sums' });
    expect(Object.keys(named?.found ?? {})).toContain(column);
  });

  it('tell where each entry was read, and up to when each file', async () => {
    await change("UPDATE careplus.log_entry SET pos = 7 WHERE entry_id = 'b'");
    await change("UPDATE ops.log_frontier SET read_at_ms = 0 WHERE host = 'web-1'");
    expect((await verify()).differences.first).toMatchObject([
      { kind: 'wrong-place', key: 'b', event: 'web-2:1-g:7' },
      { kind: 'wrong-frontier', key: 'web-1/1-g read_at_ms', expected: '1', found: '0' },
    ]);
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
