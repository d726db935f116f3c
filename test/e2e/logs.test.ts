import { appendFileSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generateLogs, type LogBooks } from '../../infra/local/demo-data/logs.ts';
import { generateTickets } from '../../infra/local/demo-data/tickets.ts';
import { createTestStack, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

const { rows: tickets, books: ticketBooks } = generateTickets({ seed: 33, firstDay: '2025-04-01' });
const month = generateLogs({ seed: 34, tickets });

/** The books in the words of `verify`; the generators count from how they made each row and entry. */
function expectedBooks({ read, shown, repeats, quarantined, quarantinedRepeats }: LogBooks) {
  return {
    ...{ ok: true, read, shown, repeats, quarantined, superseded: 0, dead_lettered: 0 },
    ...{ quarantined_repeats: quarantinedRepeats, in_flight: 0, unexplained: 0 },
  };
}

const entry = (session: string, level = 'INFO') => `2025-04-30 12:00:00 [${level}] a.b.C - \
TicketID=TCK1 SessionID=${session}
IP=10.0.0.1 | ResponseTime=5ms | CPU=1.50% | EventType=generic_event | Error=false
UserAgent="curl" | Message="an entry of its own" | Debug="none" | TraceID=None
---
`;

const WATCHED = 'support_logs_2025-04-30.log';

describe('tickets and logs side by side', () => {
  let stack: TestStack;
  let logs = '';
  let dump = '';

  beforeAll(async () => {
    stack = await createTestStack();
    const folder = path.dirname(stack.stateDir);
    logs = path.join(folder, 'server-logs');
    dump = path.join(folder, 'dump.sql');
    mkdirSync(logs);
    for (const { name, text } of month.files) writeFileSync(path.join(logs, name), text);
    writeFileSync(dump, mysqlDump('tickets_of_april', tickets));
  });
  afterAll(() => stack.close());

  /** Waits for entries of a session, as they are shown. */
  async function shown(session: string, count: number): Promise<void> {
    const sql = `SELECT COUNT(*) AS entries FROM reporting.log_entries WHERE session_id = '${session}'`;
    await vi.waitFor(
      async () => {
        const { stdout } = await stack.careplus(['--json', 'query', sql]);
        expect(JSON.parse(stdout)).toEqual({ entries: count });
      },
      { timeout: 30_000, interval: 200 },
    );
  }

  async function datasets(args: readonly string[]): Promise<Record<string, unknown>[]> {
    const run = await stack.careplus(['--json', ...args], 170_000);
    expect(run.code, run.stderr).toBe(0);
    return (JSON.parse(run.stdout) as { datasets: Record<string, unknown>[] }).datasets;
  }

  it('closes both books with one command, and leaves the folder as it was', async () => {
    const before = readdirSync(logs);
    const feed = ['--tickets', dump, '--logs', logs];
    const results = await datasets(['up', ...feed, '--until-idle', '--keep-running']);
    expect(results).toEqual([
      expect.objectContaining({ dataset: 'tickets', ...expectedBooks(ticketBooks) }),
      expect.objectContaining({ dataset: 'logs', ...expectedBooks(month.books) }),
    ]);
    expect(readdirSync(logs)).toEqual(before);
    expect(stack.env()['CAREPLUS_LOGS_DIR']).toBe(logs);
  });

  it('is healthy, hop by hop', async () => {
    const { code, stdout } = await stack.careplus(['--json', 'status']);
    const status = JSON.parse(stdout) as { problems: string[]; hops: { hop: string }[] };
    expect(status.problems).toEqual([]);
    expect(code).toBe(0);
    expect(status.hops.map(({ hop }) => hop)).toEqual(
      expect.arrayContaining(['source', 'cdc-reader', 'log-shipper', 'log-processor', 'warehouse']),
    );
  });

  it('shows an appended entry within seconds', async () => {
    appendFileSync(path.join(logs, WATCHED), `\n${entry('appended')}`);
    await shown('appended', 1);
  });

  it('follows a file through its rotation, and reads the new one', async () => {
    const [now, rotated] = [path.join(logs, WATCHED), path.join(logs, `${WATCHED}.1`)];
    renameSync(now, rotated);
    appendFileSync(rotated, entry('rotated'));
    writeFileSync(now, entry('after-rotation'));
    await Promise.all([shown('rotated', 1), shown('after-rotation', 1)]);
  });

  it('loses and doubles nothing when shipper and processor are killed', async () => {
    for (const [index, name] of ['log-shipper', 'log-processor', 'log-shipper'].entries()) {
      appendFileSync(path.join(logs, WATCHED), entry(`killed-${index}`));
      process.kill(stack.pid(name), 'SIGKILL');
      appendFileSync(path.join(logs, WATCHED), entry(`killed-${index}`, 'ERROR'));
      await shown(`killed-${index}`, 2);
    }
    const [, ofLogs] = await datasets(['verify']);
    const { read, shown: before } = month.books;
    expect(ofLogs).toMatchObject({ ok: true, read: read + 9, shown: before + 9, gone_files: 0 });
  });
});
