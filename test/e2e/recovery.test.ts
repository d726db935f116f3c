import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateTickets } from '../../infra/local/demo-data/tickets.ts';
import { DEFAULT_BUCKET, processedPrefix } from '../../schemas/lake-layout.ts';
import { allDatasets } from '../../schemas/datasets/registry.ts';
import { createTestStack, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

const long = process.env['CAREPLUS_LONG'] === '1';

const entry = (second: number) =>
  `2025-03-04 05:06:${String(second).padStart(2, '0')} [INFO] shop.Cart - TicketID=T${second} SessionID=None
IP=192.0.2.7 | ResponseTime=12ms | CPU=7.50% | EventType=checkout | Error=false
UserAgent="agent"
Message="paid"
Debug="ok"
TraceID=None
---
`;

/** All that is shown, and all that is set aside. */
const SHOWN = [
  'SELECT ticket_id, created_at, resolved_at, agent, priority, num_interactions, issue_category, channel, status FROM careplus.tickets ORDER BY ticket_id',
  'SELECT dataset, event_id, ticket_id, reasons, copies, original FROM careplus.quarantine ORDER BY dataset, event_id',
  'SELECT entry_id, logged_at, log_level, component, message FROM careplus.log_entries ORDER BY entry_id',
];

/** Disaster recovery as docs/runbook.md tells it: each store is made anew from the one before it. */
describe.skipIf(!long)('what is lost', () => {
  let stack: TestStack;
  let feed: string[];
  let before: string;

  const run = async (args: readonly string[]) => {
    const done = await stack.careplus(args, 170_000);
    expect(done.code, `${args.join(' ')}\n${done.stdout}\n${done.stderr}`).toBe(0);
    return done.stdout;
  };
  const shown = async () => {
    const texts: string[] = [];
    for (const sql of SHOWN) texts.push(await run(['--json', 'query', sql]));
    return texts.join('\n');
  };

  /** The warehouse's machine is gone, with all that it held. */
  async function loseWarehouse(): Promise<void> {
    await run(['down']);
    const elsewhere = path.join(stack.stateDir, 'postgres.location');
    const folder = existsSync(elsewhere)
      ? (readFileSync(elsewhere, 'utf8').split('\n')[0] ?? '')
      : path.join(stack.stateDir, 'postgres');
    expect(existsSync(path.join(folder, 'data'))).toBe(true);
    rmSync(folder, { recursive: true });
  }

  async function loseDeliveredObjects(): Promise<number> {
    const s3 = new S3Client({
      endpoint: stack.env()['CAREPLUS_AWS_ENDPOINT'] ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'somebody', secretAccessKey: 'careless' },
    });
    const Bucket = DEFAULT_BUCKET;
    let lost = 0;
    for (const dataset of allDatasets) {
      const Prefix = processedPrefix(dataset);
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      lost += Contents.length;
    }
    s3.destroy();
    return lost;
  }

  beforeAll(async () => {
    stack = await createTestStack();
    const folder = path.dirname(stack.stateDir);
    const dump = path.join(folder, 'dump.sql');
    writeFileSync(
      dump,
      mysqlDump('tickets_of_march', generateTickets({ seed: 77, firstDay: '2025-03-01' }).rows),
    );
    mkdirSync(path.join(folder, 'logs'));
    writeFileSync(
      path.join(folder, 'logs', 'shop.log'),
      entry(1) + entry(2) + entry(1) + 'no entry\n---\n',
    );
    feed = ['up', '--tickets', dump, '--logs', path.join(folder, 'logs'), '--keep-running'];
    await run(feed);
    const mysql = await stack.mysql();
    await mysql.query(
      `UPDATE support_tickets SET status = 'Escalated' WHERE ticket_id LIKE '%3';
       UPDATE support_tickets SET priority = 'Hgh' WHERE ticket_id LIKE '%11';
       DELETE FROM support_tickets WHERE ticket_id LIKE '%7'`,
    );
    await mysql.end();
    await run(['wait', '--idle']);
    await run(['verify']);
    before = await shown();
    expect(before.split('\n').length).toBeGreaterThan(500);
    expect(before).toContain('"reasons"');
  }, 300_000);
  afterAll(() => stack.close());

  it('with the warehouse comes again out of the lake, to the last figure', async () => {
    await loseWarehouse();
    await run(feed);
    await run(['wait', '--idle']);
    expect(await shown()).toBe(before);
    await run(['verify']);
  }, 300_000);

  it('with the warehouse and what was delivered comes again out of the topic and the archive', async () => {
    expect(await loseDeliveredObjects()).toBeGreaterThan(1);
    await loseWarehouse();
    await run(feed);
    for (const dataset of ['tickets', 'logs']) {
      await run(['replay', '--dataset', dataset, '--source', 'lake', '--execute']);
      await run(['replay', '--dataset', dataset, '--execute']);
    }
    await run(['wait', '--idle']);
    expect(await shown()).toBe(before);
    await run(['verify']);
  }, 400_000);
});
