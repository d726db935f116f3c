import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LakeRow } from '../../../stream-processors/batch-processor.ts';
import { blockOf, dataset, logKey, rowsOf, rowsQuery } from './lake-logs.ts';
import { startLocalLake, type LocalLake } from './local-lake.ts';

/** The published month of CarePlus: not part of this repository, tested where it lies beside it. */
const monthFolder = path.resolve(import.meta.dirname, '../../../../shared/careplus/support-logs');

let lake: LocalLake;
let objects = 0;

beforeAll(async () => {
  lake = await startLocalLake();
  lake.startLoader();
});

afterAll(async () => {
  await lake[Symbol.asyncDispose]();
});

async function deliver(rows: readonly LakeRow[]): Promise<void> {
  await lake.put(logKey((objects += 1)), await lake.parquet(rowsQuery(rows)));
}

/** Waits until that much of a file is covered. */
async function covered(host: string, generation: string, upto: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await lake.database.query<{ upto: string }>(
        'SELECT upto FROM ops.log_frontier WHERE host = $1 AND generation = $2',
        [host, generation],
      );
      expect(Number(rows[0]?.upto)).toBe(upto);
    },
    { timeout: 40_000, interval: 50 },
  );
}

async function select<T extends object>(sql: string, ...values: readonly string[]): Promise<T[]> {
  return (await lake.database.query<T>(sql, [...values])).rows;
}

/** An entry; each number is a different one. */
function entry(number: number, responseTime = '12ms', level = 'INF0'): string {
  return [
    `2025-03-04 05:06:${String(number).padStart(2, '0')} [${level}] shop.Cart - TicketID=T${number} SessionID=None`,
    `IP=192.0.2.7 | ResponseTime=${responseTime} | CPU=7.50% | EventType=checkout | Error=true`,
    'UserAgent="it\'s an agent"\nMessage="paid"\nDebug="ok"\nTraceID=None',
    '---\n',
  ].join('\n');
}

const bytes = (text: string) => Buffer.byteLength(text);

describe('the loader and logs', () => {
  test('shows entries once, keeps the others with a reason, and closes the books', async () => {
    const text = `${entry(1)}${entry(2, '-5ms')}\n${entry(1)}${entry(2, '-5ms')}${entry(3)}`;
    await deliver(await rowsOf(blockOf({ host: 'web-1', generation: '10-a', text })));
    await covered('web-1', '10-a', bytes(text));
    const shown = await select<Record<string, unknown>>(
      'SELECT * FROM careplus.log_entries ORDER BY logged_at',
    );
    expect(shown).toHaveLength(2);
    expect(shown[0]).toEqual({
      entry_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      logged_at: expect.any(Date) as Date,
      ...{ log_level: 'INFO', component: 'shop.Cart', ticket_id: 'T1', session_id: null },
      ...{ ip: '192.0.2.7', response_time_ms: 12, cpu_percent: '7.50', event_type: 'checkout' },
      ...{ is_error: true, user_agent: "it's an agent", message: 'paid', debug: 'ok' },
      trace_id: null,
    });
    expect(
      await select(
        'SELECT to_char(logged_at, $1) AS at FROM reporting.log_entries ORDER BY 1',
        'YYYY-MM-DD HH24:MI:SS',
      ),
    ).toEqual([{ at: '2025-03-04 05:06:01' }, { at: '2025-03-04 05:06:03' }]);
    expect(
      await select(`SELECT dataset, event_id, ticket_id, reasons, copies, original, original_encoding, raw_pointer
        FROM careplus.quarantine`),
    ).toEqual([
      {
        ...{ dataset: 'logs', event_id: `web-1:10-a:${bytes(entry(1))}`, ticket_id: 'T2' },
        ...{ reasons: 'response_time_ms:negative', copies: '2', original: entry(2, '-5ms') },
        ...{ original_encoding: 'utf8', raw_pointer: 'kafka:3:7' },
      },
    ]);
    expect(await select('SELECT * FROM reporting.log_books')).toEqual([
      {
        ...{ book_day: '2025-03-04', copies_read: '5', shown: '2', repeats: '1' },
        ...{ quarantined: '1', quarantined_repeats: '1', dead_lettered: '0' },
      },
    ]);
    expect(
      await select("SELECT source, seq FROM reporting.freshness WHERE dataset = 'logs'"),
    ).toEqual([{ source: 'web-1', seq: String(bytes(text)) }]);
    await vi.waitFor(async () => {
      expect(await lake.latest(dataset)).toMatchObject({
        files: [
          { host: 'web-1', generation: '10-a', upto: bytes(text), waiting: 0, unreadable: 0 },
        ],
      });
    });
  });

  test('waits for what is missing, and takes a block that comes readable after all (I4, I5)', async () => {
    const where = { host: 'web-2', generation: '20-b' };
    const [first, second, third] = [entry(11), `${entry(12)}${entry(13)}`, entry(14)];
    const a = blockOf({ ...where, text: first });
    const b = blockOf({ ...where, text: second, offset: bytes(first) });
    const c = blockOf({ ...where, text: third, offset: bytes(first + second) });
    const tickets = () =>
      select<{ ticket_id: string }>(
        `SELECT ticket_id FROM careplus.log_entries WHERE ticket_id IN ('T11', 'T12', 'T13', 'T14') ORDER BY 1`,
      ).then((rows) => rows.map(({ ticket_id: ticket }) => ticket));
    await deliver([...(await rowsOf(a)), ...(await rowsOf(c))]);
    await covered('web-2', '20-b', bytes(first));
    expect(await tickets()).toEqual(['T11', 'T14']);
    await deliver(await rowsOf(b, true));
    await covered('web-2', '20-b', bytes(first + second + third));
    const aside = () =>
      select<{ reasons: string }>(
        `SELECT reasons FROM careplus.quarantine WHERE dataset = 'logs' AND source = 'web-2'`,
      );
    expect(await aside()).toEqual([{ reasons: 'record:unreadable' }]);
    const [one, other] = await rowsOf(b);
    if (!one || !other) throw new Error('two entries make two rows');
    await deliver([other]);
    await vi.waitFor(async () => expect(await tickets()).toEqual(['T11', 'T13', 'T14']), {
      timeout: 20_000,
    });
    expect(await aside()).toHaveLength(1);
    await deliver([one, other, ...(await rowsOf(a))]);
    await vi.waitFor(async () => expect(await aside()).toEqual([]), { timeout: 20_000 });
    expect(await tickets()).toEqual(['T11', 'T12', 'T13', 'T14']);
    expect(
      await select(`SELECT copies FROM careplus.log_entry WHERE host = 'web-2' AND copies <> 1`),
    ).toEqual([]);
  });
});

describe.runIf(existsSync(monthFolder))('the real month of CarePlus', () => {
  const ofMonth = `logged_at >= DATE '2025-07-01' AND logged_at < DATE '2025-08-01'`;

  test('2,650 entries = 2,245 shown + 211 repeats + 178 quarantined + 16 repeats of those', async () => {
    for (const name of readdirSync(monthFolder).sort()) {
      const text = readFileSync(path.join(monthFolder, name), 'utf8');
      const generation = `30-${name}`;
      await deliver(await rowsOf(blockOf({ host: 'month', generation, text })));
      await covered('month', generation, bytes(text));
    }
    const [books] = await select(
      `SELECT SUM(copies_read) AS copies_read, SUM(shown) AS shown, SUM(repeats) AS repeats,
        SUM(quarantined) AS quarantined, SUM(quarantined_repeats) AS quarantined_repeats
      FROM reporting.log_books WHERE book_day LIKE '2025-07-%'`,
    );
    expect(books).toEqual({
      ...{ copies_read: '2650', shown: '2245', repeats: '211' },
      ...{ quarantined: '178', quarantined_repeats: '16' },
    });
    expect(
      await select(`SELECT DISTINCT reasons FROM careplus.log_quarantine WHERE source = 'month'`),
    ).toEqual([{ reasons: 'response_time_ms:negative' }]);
    expect(
      await select(
        `SELECT count(*) AS n FROM reporting.log_entries WHERE ${ofMonth} AND log_level = 'DEBUG'`,
      ),
    ).toEqual([{ n: '890' }]);
  }, 180_000);

  test('1 July: 89 entries of 30 tickets, 46 INFO, 37 DEBUG, 6 WARNING', async () => {
    const day = `logged_date = DATE '2025-07-01'`;
    expect(
      await select(
        `SELECT log_level, count(*) AS n FROM reporting.log_entries WHERE ${day} GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual([
      { log_level: 'DEBUG', n: '37' },
      { log_level: 'INFO', n: '46' },
      { log_level: 'WARNING', n: '6' },
    ]);
    expect(
      await select(
        `SELECT count(DISTINCT ticket_id) AS tickets FROM reporting.log_entries WHERE ${day}`,
      ),
    ).toEqual([{ tickets: '30' }]);
  });
});
