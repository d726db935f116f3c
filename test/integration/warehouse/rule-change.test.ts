import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDiffSink, type ReplayDiff } from '../../../operations/replay/replay-diff.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import type { RawImage, TableDataset } from '../../../schemas/datasets/dataset.ts';
import type { LogDataset } from '../../../schemas/datasets/log-dataset.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';
import type { LakeRow } from '../../../stream-processors/batch-processor.ts';
import { byteNumbers } from '../../../stream-processors/logs/byte-numbers.ts';
import { imageNumbers } from '../../../stream-processors/tables/image-numbers.ts';
import { imageRows } from '../../../stream-processors/tables/image-rows.ts';
import { blockOf, logKey, rowsOf, rowsQuery } from './lake-logs.ts';
import { startLocalLake, type LocalLake } from './local-lake.ts';

const signal = new AbortController().signal;
let lake: LocalLake;
let objects = 0;

beforeAll(async () => {
  lake = await startLocalLake();
  lake.startLoader();
});
afterAll(() => lake[Symbol.asyncDispose]());

type Row = Readonly<Record<string, unknown>>;

async function select(sql: string): Promise<Row[]> {
  return (await lake.database.query<Row>(sql)).rows;
}

/** Waits until a query gives these rows. */
async function until(sql: string, rows: readonly Row[]): Promise<void> {
  await vi.waitFor(async () => expect(await select(sql)).toEqual(rows), {
    timeout: 25_000,
    interval: 50,
  });
}

/** What a dry run says of rows. */
async function dryRun(dataset: AnyDataset, rows: readonly LakeRow[]): Promise<ReplayDiff> {
  const numbering = dataset.shortName === 'logs' ? byteNumbers : imageNumbers;
  const sink = createDiffSink(lake.api, dataset, numbering);
  await sink.take(rows, signal);
  return sink.finish(signal);
}

/** The ids of rows that differ between two readings of a state table. */
function moved(before: readonly Row[], after: readonly Row[], id: string): unknown[] {
  const verdict = (row: Row) => JSON.stringify({ ...row, rules_version: null });
  const known = new Map(before.map((row) => [row[id], verdict(row)]));
  return after.filter((row) => known.get(row[id]) !== verdict(row)).map((row) => row[id]);
}

describe('after a change of the log rules', () => {
  /** Takes a level that was unknown, and refuses a word in the message. */
  const next: LogDataset = {
    ...supportLogs,
    rulesVersion: supportLogs.rulesVersion + 1,
    judge: (entry) =>
      entry.includes('secret')
        ? { accepted: false, reasons: ['message:unknown-value'] }
        : supportLogs.judge(entry.replace('[LOUD]', '[ERROR]')),
  };
  const entry = (session: string, level: string, ms: number, message = 'fine') =>
    [
      `2025-03-04 05:06:07 [${level}] shop.Cart - TicketID=T1 SessionID=${session}`,
      `IP=192.0.2.7 | ResponseTime=${ms}ms | CPU=7.50% | EventType=checkout | Error=true`,
      `UserAgent="a"\nMessage="${message}"\nDebug="ok"\nTraceID=None\n---\n`,
    ].join('\n');
  const text = [
    ...[entry('good', 'INFO', 1), entry('loud', 'LOUD', 20), entry('loud', 'LOUD', 20)],
    ...[entry('hidden', 'INFO', 300, 'secret'), entry('bad', 'LOUD', -1)],
    ...[entry('worse', 'WORSE', 4_000), entry('both', 'LOUD', 50_000, 'secret')],
  ].join('');
  const block = blockOf({ host: 'h', generation: 'g', text });
  const entries = () => select('SELECT * FROM careplus.log_entry ORDER BY entry_id');
  const sums =
    'SELECT COUNT(*)::int AS shown, SUM(response_time_ms)::int AS ms FROM careplus.log_entries';
  const deliver = async (rows: readonly LakeRow[]) =>
    lake.put(logKey((objects += 1)), await lake.parquet(rowsQuery(rows)));

  it('a dry run names exactly the entries that the replay moves, and by how much', async () => {
    await deliver(await rowsOf(block));
    await until(sums, [{ shown: 2, ms: 301 }]);
    const before = await entries();

    const rows = await rowsOf(block, false, next);
    const named = await dryRun(next, rows);
    expect(named).toMatchObject({
      figures: { shown: 0, quarantined: 0, sums: { response_time_ms: -280 } },
      not_in_warehouse: 0,
      // The good one, and the one whose level is still none.
      unchanged: 2,
    });
    expect(
      named.changes.map(({ change, what, rows: n, events }) => [change, what, n, events]),
    ).toEqual(
      expect.arrayContaining([
        ['accepted', 'log_level:unknown-value', 1, 2],
        ['quarantined', 'message:unknown-value', 1, 1],
        [
          'reasons',
          'log_level:unknown-value,response_time_ms:negative → response_time_ms:negative',
          1,
          1,
        ],
        ['reasons', 'log_level:unknown-value → message:unknown-value', 1, 1],
      ]),
    );
    expect(named.changes).toHaveLength(4);

    await deliver(rows);
    await until(sums, [{ shown: 2, ms: 21 }]);
    const after = await entries();
    const sessions = new Map(
      block.ranges.map(({ entry_id: id, bytes }) => [
        id,
        /SessionID=(\w+)/.exec(String(bytes))?.[1],
      ]),
    );
    const names = moved(before, after, 'entry_id').map((id) => sessions.get(String(id)));
    expect(names.toSorted()).toEqual(['bad', 'both', 'hidden', 'loud']);
    expect(await dryRun(next, rows)).toMatchObject({ changes: [], unchanged: 7 });

    // Twice changes nothing; what is loaded behind it is the proof that it came.
    await deliver(rows);
    await deliver(
      await rowsOf(blockOf({ host: 'z', generation: 'z', text: entry('z', 'INFO', 0) })),
    );
    await until(sums, [{ shown: 3, ms: 21 }]);
    expect((await entries()).filter(({ host }) => host === 'h')).toEqual(after);
  });
});

describe('after a change of the ticket rules', () => {
  /** Takes a status that was unknown, and refuses an agent. */
  const next: TableDataset = {
    ...supportTickets,
    rulesVersion: supportTickets.rulesVersion + 1,
    judge: (raw) =>
      raw['agent'] === 'Nobody'
        ? { accepted: false, reasons: ['agent:unknown-value'] }
        : supportTickets.judge({
            ...raw,
            status: raw['status'] === 'Paused' ? 'Open' : (raw['status'] ?? null),
          }),
  };
  const ticket = (id: string, status: string, interactions: number, more: RawImage = {}) => ({
    ...supportTickets.ruleExamples.row,
    ...{ ticket_id: id, status, num_interactions: String(interactions) },
    ...more,
  });
  const paused = ticket('PAUSED', 'Paused', 1);
  const gone = ticket('GONE', 'Paused', 20);
  const later = { resolved_at: '2025-07-09 00:00' };
  /** `+` or `-`, and the image. */
  const history: readonly (readonly ['+' | '-', RawImage])[] = [
    ['+', paused],
    ['+', paused],
    ['+', gone],
    ['-', gone],
    ['+', ticket('REFUSED', 'Open', 300, { agent: 'Nobody' })],
    // The later one counts as the ticket: the other is superseded, whatever the rules say of it.
    ['+', ticket('TWO', 'Paused', 4_000)],
    ['+', ticket('TWO', 'Open', 50_000, later)],
    ['+', ticket('GOOD', 'Resolved', 600_000)],
  ];
  const rowsBy = (dataset: TableDataset) => {
    const rows = history.flatMap(([sign, image], index) =>
      imageRows(
        dataset,
        {
          ...{ source: 's', epoch: 1_750_000_000, seq: index + 1, images: 1 },
          ...{ op: sign === '+' ? 'c' : 'd', transactionEnd: true },
        },
        sign === '+' ? { before: null, after: image } : { before: image, after: null },
        { partition: 0, offset: index, gtid: null, committedMs: 1_751_364_000_000, readAtMs: 0 },
      ),
    );
    return rows;
  };
  const end = imageRows(
    supportTickets,
    {
      ...{ source: 's', epoch: 1_750_000_000, seq: history.length + 1, images: 1 },
      ...{ op: 'e', transactionEnd: true },
    },
    { before: null, after: null },
    { partition: 0, offset: 99, gtid: null, committedMs: 1_751_364_000_000, readAtMs: 0 },
  );
  const deliver = async (rows: readonly LakeRow[]) =>
    lake.put(lake.newKey(), await lake.parquet(rowsQuery(rows, imageRowColumns(supportTickets))));
  const state = () => select('SELECT * FROM careplus.ticket_state ORDER BY image_id');
  const sums =
    'SELECT COUNT(*)::int AS shown, SUM(num_interactions)::int AS n FROM careplus.tickets';

  it('a dry run names exactly the rows that the replay moves, and by how much', async () => {
    await deliver([...rowsBy(supportTickets), ...end]);
    await until(sums, [{ shown: 3, n: 650_300 }]);
    const before = await state();

    const rows = rowsBy(next);
    const named = await dryRun(next, rows);
    expect(named.figures).toEqual({
      ...{ shown: 0, quarantined: -1 },
      sums: { num_interactions: 1 - 300 },
    });
    expect(
      named.changes.map(({ change, what, rows: n, events }) => [change, what, n, events]),
    ).toEqual([
      ['accepted', 'status:unknown-value', 2, 5],
      ['quarantined', 'agent:unknown-value', 1, 1],
    ]);
    expect(named.unchanged).toBe(2);

    await deliver(rows);
    await until(sums, [{ shown: 3, n: 650_001 }]);
    const after = await state();
    const tickets = new Map(after.map((row) => [row['image_id'], row['ticket_id']]));
    const names = moved(before, after, 'image_id').map((id) => String(tickets.get(id)));
    expect(names.toSorted()).toEqual(['PAUSED', 'REFUSED', 'TWO']);
    expect(await dryRun(next, rows)).toMatchObject({ changes: [], unchanged: 8 });
  });
});
