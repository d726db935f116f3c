import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  generateTickets,
  UNKNOWN_COUNT,
  type TicketBooks,
} from '../../infra/local/demo-data/tickets.ts';
import type { TicketLife } from '../../operations/trace/ticket-life.ts';
import { breakdown, measure, openPage, type PageViewer } from './live-page.ts';
import { listPids } from '../../infra/local/process-table.ts';
import { createTestStack, isRunning, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

/** The books in the words of `verify`; the generator counts from how it made each row. */
function expectedBooks({ read, shown, repeats, quarantined, quarantinedRepeats }: TicketBooks) {
  return {
    dataset: 'tickets',
    ok: true,
    read,
    shown,
    repeats,
    quarantined,
    quarantined_repeats: quarantinedRepeats,
    superseded: 0,
    dead_lettered: 0,
    in_flight: 0,
    unexplained: 0,
  };
}

const month = generateTickets({ seed: 4711, firstDay: '2025-03-01' });
const ticket = (id: string, status = 'Open') =>
  `('${id}', '2025-03-31 23:00', NULL, 'Rohit', 'High', '3', 'Bug Report', 'Chat', '${status}', '')`;

/** Paths of all files below a folder, relative to it. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/** What a file holds; nothing when it is gone by now. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

describe('the whole pipeline', () => {
  let stack: TestStack;
  let dump: string;
  let mysql: Connection;
  let page: PageViewer;

  beforeAll(async () => {
    stack = await createTestStack();
    dump = path.join(path.dirname(stack.stateDir), 'dump.sql');
    writeFileSync(dump, mysqlDump('tickets_of_march', month.rows));
  });
  afterAll(async () => {
    page.close();
    await mysql.end();
    await stack.close();
  });

  it('carries a dump from the binlog to closed books with one command', async () => {
    const run = await stack.careplus(
      ['--json', 'up', '--tickets', dump, '--until-idle', '--keep-running'],
      170_000,
    );
    expect(run.code, run.stderr).toBe(0);
    const result = JSON.parse(run.stdout) as { datasets: object[] };
    expect(result.datasets).toContainEqual(expect.objectContaining(expectedBooks(month.books)));
    mysql = await stack.mysql();
    page = openPage(stack.env()['CAREPLUS_DASHBOARD_URL'] ?? '');
  });

  it('shows the figures of the month on the page', async () => {
    const state = await page.until('figures', ({ state: now }) => now === 'live');
    expect(measure(state, 'tickets_shown')).toBe(month.books.shown);
    expect(measure(state, 'tickets_quarantined')).toBe(month.books.quarantined);
    expect(breakdown(state, 'tickets_by_agent')).toEqual(month.shownByAgent);
    expect(breakdown(state, 'tickets_by_status')).toEqual(month.shownByStatus);
    expect(state.completeUpToMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it('answers a BI tool that speaks PostgreSQL and sees nothing but the reports', async () => {
    const bi = new pg.Client(stack.env()['CAREPLUS_BI_URL']);
    await bi.connect();
    try {
      const { rows } = await bi.query(
        'SELECT CAST(COUNT(*) AS INTEGER) AS shown FROM reporting.tickets',
      );
      expect(rows).toEqual([{ shown: month.books.shown }]);
      const behind = bi.query('SELECT COUNT(*) FROM careplus.ticket_state');
      await expect(behind).rejects.toThrow(/permission denied/);
    } finally {
      await bi.end();
    }
  });

  it('says where the page is when it is started again, and refuses another feed', async () => {
    const again = await stack.careplus(['up', '--tickets', dump]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain(stack.env()['CAREPLUS_DASHBOARD_URL']);
    const other = await stack.careplus(['up', '--empty']);
    expect(other.code).toBe(78);
    expect(other.stderr).toMatch(/CFG_9005.*--fresh.*--state/s);
  });

  it('is found in order by the doctor, who names the statement that cures a setting', async () => {
    const healthy = await stack.careplus(['--json', 'doctor']);
    expect(healthy.code, healthy.stdout).toBe(0);
    const { findings } = JSON.parse(healthy.stdout) as { findings: { part: string }[] };
    expect(new Set(findings.map(({ part }) => part))).toEqual(
      new Set(['source', 'broker', 'delivery', 'lake', 'warehouse', 'daemons', 'disk', 'rights']),
    );
    await mysql.query("SET GLOBAL binlog_row_image = 'MINIMAL'");
    const ill = await stack.careplus(['doctor']);
    await mysql.query("SET GLOBAL binlog_row_image = 'FULL'");
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/error +source +.*binlog_row_image/);
    expect(ill.stdout).toContain("what to do: SET GLOBAL binlog_row_image = 'FULL'");
  });

  it('follows INSERT, UPDATE and DELETE without reload', async () => {
    await mysql.query(`INSERT INTO support_tickets VALUES ${ticket('LIVE1')}, ${ticket('LIVE1')}`);
    await page.until('the new ticket', (state) =>
      state.recent.some(({ ticket_id: id, status }) => id === 'LIVE1' && status === 'Open'),
    );
    await mysql.query(`UPDATE support_tickets SET status = 'Escalated' WHERE ticket_id = 'LIVE1'`);
    await page.until('the new status', (state) =>
      state.recent.some(({ ticket_id: id, status }) => id === 'LIVE1' && status === 'Escalated'),
    );
    // One of two identical rows goes: the ticket stays, its repeat is gone.
    const repeats = month.books.repeats;
    await page.until('the repeat', ({ books }) => books?.['repeats'] === repeats + 1);
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'LIVE1' LIMIT 1`);
    const state = await page.until('no repeat', ({ books }) => books?.['repeats'] === repeats);
    expect(measure(state, 'tickets_shown')).toBe(month.books.shown + 1);
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'LIVE1'`);
    await page.until(
      'the ticket gone',
      (now) => measure(now, 'tickets_shown') === month.books.shown,
    );
  });

  it('moves a row in and out of quarantine as it is changed', async () => {
    const quarantined = (count: number) => (state: Parameters<typeof measure>[0]) =>
      measure(state, 'tickets_quarantined') === month.books.quarantined + count;
    await mysql.query(`INSERT INTO support_tickets VALUES ${ticket('LIVE2')}`);
    await mysql.query(
      `UPDATE support_tickets SET num_interactions = '-4' WHERE ticket_id = 'LIVE2'`,
    );
    const aside = await page.until('a quarantined row', quarantined(1));
    expect(aside.quarantine.map(({ reasons }) => reasons)).toContain(
      'num_interactions:negative-count',
    );
    await mysql.query(
      `UPDATE support_tickets SET num_interactions = '4', created_at = '2025-02-29 10:00' WHERE ticket_id = 'LIVE2'`,
    );
    await page.until('an impossible date', ({ quarantine }) =>
      quarantine.some(({ reasons }) => reasons === 'created_at:impossible-date'),
    );
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'LIVE2'`);
    await page.until('it gone', quarantined(0));
  });

  it('shows a source transaction whole or not at all', async () => {
    await mysql.query('START TRANSACTION');
    for (let i = 0; i < 50; i += 1) {
      await mysql.query(`INSERT INTO support_tickets VALUES ${ticket(`TXN${i}`)}`);
    }
    const seen = new Set<number>();
    const all = page.until('all fifty', (state) => {
      const extra = Number(measure(state, 'tickets_shown')) - month.books.shown;
      seen.add(extra);
      return extra === 50;
    });
    await mysql.query('COMMIT');
    await all;
    expect([...seen].filter((extra) => extra !== 0 && extra !== 50)).toEqual([]);
  });

  it('closes the books while the source is at rest', async () => {
    const verified = await stack.careplus(['--json', 'verify']);
    expect(verified.code, verified.stdout).toBe(0);
  });

  it('traces a ticket through every hop, whatever became of it', async () => {
    const trace = async (id: string) => {
      const run = await stack.careplus(['--json', 'trace', id]);
      return { code: run.code, life: JSON.parse(run.stdout) as TicketLife & { ok: boolean } };
    };
    const [deleted, shown, old, aside, unknown] = await Promise.all([
      trace('LIVE1'),
      trace('TXN0'),
      trace(month.rows[0]?.ticket_id ?? ''),
      trace(month.rows.find((row) => row.num_interactions === UNKNOWN_COUNT)?.ticket_id ?? ''),
      trace('LIVE'),
    ]);
    expect(deleted).toMatchObject({ code: 0, life: { ok: true, state: 'deleted', rows: [] } });
    const changes = deleted.life.images.map(({ change, verdict }) => `${change} ${verdict.status}`);
    expect(changes.sort()).toEqual([
      ...['appeared Escalated', 'appeared Escalated', 'appeared Open', 'appeared Open'],
      ...['went Escalated', 'went Escalated', 'went Open', 'went Open'],
    ]);
    for (const { source, read, record, verdict, objects, applied } of deleted.life.images) {
      expect(source).toMatchObject({
        in_snapshot: false,
        gtid: expect.stringMatching(/^\d+-\d+-\d+$/) as string,
      });
      expect(source.binlog?.position).toBeGreaterThan(0);
      expect(record).toMatchObject({ topic: 'careplus.ticket-changes', found_in: 'topic' });
      expect(verdict).toMatchObject({ outcome: 'accepted', rules_version: 1, reasons: null });
      const [object] = objects;
      expect(object?.key).toMatch(/^support-tickets\/processed\/.+\.parquet$/);
      // Commit times are whole seconds; each hop lies behind the one before.
      const ages = [read?.age_ms, record?.produced?.age_ms, (object?.loaded?.age_ms ?? -1) + 1000];
      expect(ages.map((age, index) => (age ?? -1) >= (ages[index - 1] ?? 0))).toEqual([
        true,
        true,
        true,
      ]);
      expect(applied).toBe(true);
    }
    expect(shown.life).toMatchObject({ state: 'shown', rows: [{ condition: 'shown', copies: 1 }] });
    expect(old.life.images[0]?.source).toMatchObject({
      in_snapshot: true,
      binlog: null,
      gtid: null,
    });
    expect(old.life.images[0]?.record?.found_in).toBe('topic');
    expect(old.life.images[0]?.objects).not.toEqual([]);
    expect(aside).toMatchObject({
      code: 0,
      life: {
        state: 'quarantined',
        rows: [{ condition: 'quarantined', reasons: 'num_interactions:negative-count' }],
      },
    });
    expect(unknown).toEqual({ code: 1, life: { ok: false, ticket_id: 'LIVE' } });
  });

  it('reads the table anew on demand, and no history comes of it', async () => {
    const bi = new pg.Client(stack.env()['CAREPLUS_BI_URL']);
    await bi.connect();
    try {
      const rowsOf = async (sql: string) => (await bi.query<Record<string, unknown>>(sql)).rows;
      const history = async () => ({
        periods: await rowsOf(
          `SELECT ticket_id, period_number, status, entered_at, left_at
           FROM reporting.ticket_periods ORDER BY ticket_id, period_number`,
        ),
        backlog: await rowsOf('SELECT * FROM reporting.ticket_backlog ORDER BY backlog_hour'),
      });
      const epoch = async () => {
        const [row] = await rowsOf(`SELECT MAX(epoch) AS epoch FROM reporting.freshness`);
        return Number(row?.['epoch']);
      };
      const [before, told] = [await epoch(), await history()];
      expect(told.periods.length).toBeGreaterThan(month.books.shown);
      expect(Number(told.backlog.at(-1)?.['open_tickets'])).toBe(month.shownByStatus.Open + 50);
      expect((await stack.careplus(['snapshot'])).code).toBe(0);
      await vi.waitFor(async () => expect(await epoch()).toBeGreaterThan(before), {
        ...{ timeout: 30_000, interval: 200 },
      });
      expect(await history()).toEqual(told);
    } finally {
      await bi.end();
    }
  });

  it('empties the page with TRUNCATE and goes on with a table made anew', async () => {
    await mysql.query('TRUNCATE TABLE support_tickets');
    await page.until('an empty table', (state) => measure(state, 'tickets_shown') === 0);
    await mysql.query(`INSERT INTO support_tickets VALUES ${ticket('AFTER1')}`);
    await page.until('a row after TRUNCATE', (state) => measure(state, 'tickets_shown') === 1);
    await mysql.query(`DROP TABLE support_tickets;
      CREATE TABLE support_tickets (
        note VARCHAR(20), ticket_id VARCHAR(20) PRIMARY KEY, created_at DATETIME, resolved_at DATETIME,
        agent VARCHAR(40), priority ENUM('Low','Medium','High'), num_interactions INT,
        IssUeCat VARCHAR(40), channel VARCHAR(20), status VARCHAR(20))`);
    await page.until('the table gone', (state) => measure(state, 'tickets_shown') === 0);
    await mysql.query(`INSERT INTO support_tickets VALUES
      ('typed', 'AFTER2', '2025-03-02 10:00:00', NULL, 'Ada', 'High', 5, 'Bug', 'Chat', 'Open'),
      ('typed', 'AFTER3', '2025-03-02 10:00:00', NULL, 'Ada', 'Low', -5, 'Bug', 'Chat', 'Open')`);
    const state = await page.until(
      'the typed table',
      (now) => measure(now, 'tickets_shown') === 1 && measure(now, 'tickets_quarantined') === 1,
    );
    expect(breakdown(state, 'tickets_by_priority')).toEqual({ High: 1 });
    const verified = await stack.careplus(['--json', 'verify']);
    expect(verified.code, verified.stdout).toBe(0);
  });

  it('keeps its secrets where they belong: in no log, no data, no configuration and no argument', async () => {
    const places = ['secrets', 'env'];
    for (const place of places) {
      expect(statSync(path.join(stack.stateDir, place)).mode & 0o077, place).toBe(0);
    }
    const folder = path.join(stack.stateDir, 'secrets');
    const secrets = readdirSync(folder).map((file) =>
      readFileSync(path.join(folder, file), 'utf8').trim(),
    );
    expect(secrets.length).toBeGreaterThan(2);
    const held = (text: Buffer) => secrets.some((secret) => text.includes(secret));
    expect(held(readFileSync(path.join(stack.stateDir, 'env')))).toBe(true);

    const leaks = filesBelow(stack.stateDir)
      .filter((file) => !places.includes(file.split(path.sep)[0] ?? ''))
      .filter((file) => held(contentOf(path.join(stack.stateDir, file))));
    expect(leaks).toEqual([]);
    const talkative = listPids().filter((pid) => held(contentOf(`/proc/${pid}/cmdline`)));
    expect(talkative).toEqual([]);
  });

  it('ends with `down` and leaves nothing running', async () => {
    const names = ['supervisor', 'mariadb', 'kafka', 'postgres', 'aws-endpoint', 'cdc-reader'];
    const pids = names.map((name) => stack.pid(name));
    expect((await stack.careplus(['down'])).code).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });
});
