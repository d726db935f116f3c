import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { Kafka, logLevel } from 'kafkajs';
import type { Connection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestStack, type TestStack } from './local-stack.ts';

const long = process.env['CAREPLUS_LONG'] === '1';

const PERSON = 'Erika Mustermann';
const row = (id: string, agent: string, interactions = '3') =>
  `('${id}', '2025-03-31 23:00', NULL, '${agent}', 'High', '${interactions}', 'Bug Report', 'Chat', 'Open', '')`;
const insert = (...rows: string[]) => `INSERT INTO support_tickets VALUES ${rows.join(', ')}`;

describe.skipIf(!long)('a ticket that is forgotten', () => {
  let stack: TestStack;
  let mysql: Connection;
  let warehouse: pg.Client;

  beforeAll(async () => {
    stack = await createTestStack();
    const run = await stack.careplus(['up', '--empty', '--keep-running']);
    expect(run.code, run.stderr).toBe(0);
    mysql = await stack.mysql();
    warehouse = new pg.Client(stack.env()['CAREPLUS_WAREHOUSE_URL'] ?? '');
    await warehouse.connect();
  });
  afterAll(async () => {
    await warehouse.end();
    await mysql.end();
    await stack.close();
  });

  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await stack.careplus(['--json', ...args]);
    const said = stdout.trim() === '' ? '{}' : stdout;
    return { code, stderr, document: JSON.parse(said) as Record<string, unknown> };
  };
  const good = async (...args: string[]) => {
    const done = await run(...args);
    expect(done.code, JSON.stringify(done)).toBe(0);
    return done.document;
  };
  const settled = async () => {
    const wait = await stack.careplus(['wait', '--idle', '--timeout', '60s']);
    expect(wait.code, wait.stderr).toBe(0);
  };
  /** When a change behind it has arrived, all that was sent before has. */
  const settledBehind = async (id: string) => {
    await mysql.query(insert(row(id, 'nobody')));
    await settled();
  };
  const forget = (...args: string[]) =>
    vi.waitFor(async () => expect(await good('forget', 'GONE-1', ...args)).toBeDefined(), {
      timeout: 30_000,
      interval: 1_000,
    });

  /** Every file of the bucket as text: archives unpacked and decoded, Parquet as its rows. */
  async function* lakeTexts(): AsyncGenerator<readonly [string, string]> {
    const root = path.join(stack.stateDir, 'aws');
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => path.join(each.parentPath, each.name));
    const duckdb = await DuckDBInstance.create(':memory:');
    const connection = await duckdb.connect();
    try {
      for (const file of files) {
        if (!existsSync(file)) continue;
        const bytes = readFileSync(file);
        if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') {
          const rows = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
          yield [file, JSON.stringify(rows.getRowsJson())];
          // Statistics of columns stand outside of the rows.
          yield [file, bytes.toString('latin1')];
        } else if (bytes.readUInt16BE(0) === 0x1f8b) {
          const text = gunzipSync(bytes).toString('utf8');
          const parts = [...text.matchAll(/"([A-Za-z0-9+/]+=*)"/g)];
          const decoded = parts.map(([, part = '']) =>
            Buffer.from(part, 'base64').toString('utf8'),
          );
          yield [file, text + decoded.join('\n')];
        } else yield [file, bytes.toString('utf8')];
      }
    } finally {
      connection.closeSync();
      duckdb.closeSync();
    }
  }

  /** Files of the lake and tables of the warehouse in which one of the words stands. */
  async function placesOf(...words: string[]): Promise<string[]> {
    const found = new Set<string>();
    const note = (place: string, text: string) => {
      if (words.some((word) => text.includes(word))) found.add(place);
    };
    for await (const [file, text] of lakeTexts()) note(path.basename(file), text);
    const { rows: tables } = await warehouse.query<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('stage', 'careplus', 'ops')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const { rows } = await warehouse.query(`SELECT * FROM ${name}`);
      note(name, JSON.stringify(rows));
    }
    return [...found];
  }

  it('is refused while it lives, and leaves no text of it anywhere when it was deleted', async () => {
    // Behind the first snapshot, so that each change is an image of its own.
    await settledBehind('BEFORE-1');
    await mysql.query(
      insert(row('GONE-1', PERSON), row('STAYS-1', 'Anna'), row('OTHER-1', 'Anna')),
    );
    await mysql.query(
      `UPDATE support_tickets SET num_interactions = '-4' WHERE ticket_id = 'GONE-1'`,
    );
    await mysql.query(
      `UPDATE support_tickets SET ticket_id = 'GONE-1' WHERE ticket_id = 'OTHER-1'`,
    );
    await mysql.query(
      `UPDATE support_tickets SET ticket_id = 'OTHER-1' WHERE ticket_id = 'GONE-1' AND agent = 'Anna'`,
    );
    await settled();
    expect(await run('forget', 'GONE-1', '--execute')).toMatchObject({
      code: 1,
      document: { error: { code: 'WH_5006' } },
    });
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'GONE-1'`);
    await settled();
    await forget();
    const before = await placesOf(PERSON, 'GONE-1');
    expect(before).toContain('careplus.ticket_changes');
    expect(before.some((name) => name.includes('.jsonl.gz'))).toBe(true);
    expect(before.some((name) => name.includes('.parquet'))).toBe(true);
    const dry = await good('forget', 'GONE-1');
    expect(dry).toMatchObject({ ok: true, executed: false, images: 6 });
    expect(await placesOf(PERSON, 'GONE-1')).toEqual(before);
    const done = await good('forget', 'GONE-1', '--execute');
    expect(done).toMatchObject({ executed: true, erases: dry['erases'], waiting: [] });
    expect(await placesOf(PERSON, 'GONE-1')).toEqual([]);
    const left = (await good('forget', 'GONE-1', '--execute')) as { erases: { found: number }[] };
    expect(left.erases.map(({ found }) => found)).toEqual([0, 0, 0, 0]);
    expect(left).toMatchObject({
      remains: [
        { place: 'topic careplus.ticket-changes', found: 5, gone_by: expect.any(String) as string },
        expect.anything(),
        expect.anything(),
      ],
    });
  });

  it('does not come back by a replay, and the books close', async () => {
    for (const source of ['topic', 'lake']) {
      const dry = await good('replay', '--source', source);
      expect(dry).toMatchObject({ changes: [], not_in_warehouse: 0, unreadable: 0 });
      await good('replay', '--source', source, '--execute');
    }
    await settledBehind('BEHIND-1');
    expect(await placesOf(PERSON, 'GONE-1')).toEqual([]);
    await good('verify');
  });

  it('does not come back when the processor reads the topic from its beginning', async () => {
    const group = 'careplus-processor-support-tickets';
    const brokers = [stack.env()['CAREPLUS_KAFKA_BROKERS'] ?? ''];
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const processor = stack.pid('ticket-processor');
    process.kill(processor, 'SIGSTOP');
    // A group is reset when the broker has given up its last member.
    await vi.waitFor(
      async () => {
        const topic = 'careplus.ticket-changes';
        await admin.resetOffsets({ groupId: group, topic, earliest: true });
      },
      { timeout: 60_000, interval: 200 },
    );
    await admin.disconnect();
    process.kill(processor, 'SIGKILL');
    await settledBehind('BEHIND-2');
    expect(await placesOf(PERSON, 'GONE-1')).toEqual([]);
    await good('verify');
  });

  it('lets a new ticket have its id, with the very same content', async () => {
    await mysql.query(insert(row('GONE-1', PERSON)));
    await settled();
    await good('verify');
    const { rows } = await warehouse.query(
      `SELECT ticket_id, status, place FROM careplus.ticket_periods WHERE ticket_id = 'GONE-1'`,
    );
    expect(rows).toEqual([{ ticket_id: 'GONE-1', status: 'Open', place: 1 }]);
    const log = readFileSync(path.join(stack.stateDir, 'logs', 'warehouse-loader.log'), 'utf8');
    expect(log).not.toContain('LAKE_4004');
  });
});
