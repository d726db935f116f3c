import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateTickets } from '../../infra/local/demo-data/tickets.ts';
import { checkOut, oldestCommit } from '../older-tree.ts';
import { createTestStack, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

const commit = oldestCommit();
const long = process.env['CAREPLUS_LONG'] === '1';

const month = generateTickets({ seed: 815, firstDay: '2025-03-01' });

const entry = (second: number) =>
  `2025-03-04 05:06:${String(second).padStart(2, '0')} [INFO] shop.Cart - TicketID=T${second} SessionID=None
IP=192.0.2.7 | ResponseTime=12ms | CPU=7.50% | EventType=checkout | Error=false
UserAgent="agent"
Message="paid"
Debug="ok"
TraceID=None
---
`;

/**
 * State of the oldest version that must go on (test/oldest-state.json) under this one: source,
 * topics, checkpoints, spool, lake and warehouse. Without history there is no older version; the
 * warehouse alone is upgraded in every run, by test/integration/warehouse/upgrade.test.ts.
 */
describe.skipIf(!long || commit === undefined)('the state of an older version', () => {
  let tree: ReturnType<typeof checkOut>;
  let stack: TestStack;
  let logFile: string;
  let feed: string[];

  beforeAll(async () => {
    tree = checkOut(commit ?? '');
    stack = await createTestStack();
    const folder = path.dirname(stack.stateDir);
    const dump = path.join(folder, 'dump.sql');
    writeFileSync(dump, mysqlDump('tickets_of_march', month.rows));
    mkdirSync(path.join(folder, 'logs'));
    logFile = path.join(folder, 'logs', 'shop.log');
    writeFileSync(logFile, entry(1) + entry(2) + entry(1));
    feed = ['--tickets', dump, '--logs', path.dirname(logFile)];
  });
  afterAll(async () => {
    await stack.close();
    tree[Symbol.dispose]();
  });

  const run = async (args: readonly string[], root?: string) => {
    const done = await stack.careplus(args, 170_000, root);
    expect(done.code, `${args.join(' ')}\n${done.stdout}\n${done.stderr}`).toBe(0);
    return done.stdout;
  };

  const books = (output: string) =>
    (JSON.parse(output) as { datasets: Record<string, unknown>[] }).datasets;

  it('is made by that version', async () => {
    const found = books(await run(['--json', 'up', ...feed, '--until-idle'], tree.root));
    expect(found).toContainEqual(
      expect.objectContaining({ dataset: 'tickets', ok: true, read: month.books.read }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ dataset: 'logs', ok: true, read: 3, shown: 2, repeats: 1 }),
    );
  });

  it('goes on under this one: changes made while nothing ran and after it, and the books close', async () => {
    appendFileSync(logFile, entry(3));
    await run(['up', ...feed, '--keep-running']);
    const mysql = await stack.mysql();
    const ticket = (id: string) =>
      `('${id}', '2025-03-31 23:00', NULL, 'Rohit', 'High', '3', 'Bug Report', 'Chat', 'Open', '')`;
    await mysql.query(
      `INSERT INTO support_tickets VALUES ${ticket('NEW1')}, ${ticket('NEW1')};
       UPDATE support_tickets SET status = 'Escalated' WHERE ticket_id = 'NEW1' LIMIT 1;
       DELETE FROM support_tickets WHERE ticket_id LIKE '%7'`,
    );
    const [rows] = await mysql.query('SELECT count(*) AS n FROM support_tickets');
    await mysql.end();
    appendFileSync(logFile, entry(4) + entry(2));
    await run(['wait', '--idle']);
    const found = books(await run(['--json', 'verify']));
    const [{ n }] = rows as [{ n: number }];
    expect(n).toBeLessThan(month.books.read);
    expect(found).toContainEqual(
      expect.objectContaining({ dataset: 'tickets', ok: true, read: n, unexplained: 0 }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ dataset: 'logs', ok: true, read: 6, shown: 4, repeats: 2 }),
    );
  });
});
