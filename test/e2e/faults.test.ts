import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../infra/local/aws-endpoint/faults-client.ts';
import { deadLetterHeaders } from '../../schemas/dead-letter.ts';
import { changeHeaders } from '../../schemas/row-change.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { topics } from '../../schemas/topics.ts';
import { measure, openPage, type PageViewer } from './live-page.ts';
import { createTestStack, type TestStack } from './local-stack.ts';

/** Every part but the source, whose own durability is not ours to prove. */
const parts = [
  'cdc-reader',
  'ticket-processor',
  'warehouse-loader',
  'aws-endpoint',
  'dashboard',
  'kafka',
  'postgres',
];

const insert = (id: string) =>
  `INSERT INTO support_tickets VALUES
   ('${id}', '2025-03-31 23:00', NULL, 'Rohit', 'High', '3', 'Bug Report', 'Chat', 'Open', '')`;

describe('bad input and kills', () => {
  let stack: TestStack;
  let mysql: Connection;
  let page: PageViewer;
  let kafka: Kafka;
  let producer: Producer;
  let faults: FaultsClient;

  beforeAll(async () => {
    stack = await createTestStack();
    const run = await stack.careplus(['up', '--empty', '--keep-running']);
    expect(run.code, run.stderr).toBe(0);
    const env = stack.env();
    mysql = await stack.mysql();
    page = openPage(env['CAREPLUS_DASHBOARD_URL'] ?? '');
    faults = createFaultsClient(env['CAREPLUS_AWS_ENDPOINT'] ?? '');
    const brokers = (env['CAREPLUS_KAFKA_BROKERS'] ?? '').split(',');
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
  });
  afterAll(async () => {
    page.close();
    await producer.disconnect();
    await mysql.end();
    await stack.close();
  });

  const log = (daemon: string) =>
    readFileSync(path.join(stack.stateDir, 'logs', `${daemon}.log`), 'utf8');

  /** Codes of all dead letters so far. */
  const deadLetterCodes = async () => {
    const codes: string[] = [];
    await readRange({
      kafka,
      topic: topics.deadLetters.name,
      signal: AbortSignal.timeout(20_000),
      onBatch: ({ messages }) => {
        for (const { headers } of messages) codes.push(String(headers?.[deadLetterHeaders.code]));
      },
    });
    return codes;
  };

  const verified = async () => {
    const run = await stack.careplus(['--json', 'verify']);
    expect(run.code, run.stdout).toBe(0);
    return (JSON.parse(run.stdout) as { datasets: Record<string, unknown>[] }).datasets.find(
      ({ dataset }) => dataset === 'tickets',
    );
  };

  const status = async () =>
    JSON.parse((await stack.careplus(['--json', 'status'])).stdout) as {
      readonly problems: readonly string[];
      readonly hops: readonly { hop: string; figures: Record<string, unknown> }[];
    };

  /** Waits until the status names a problem with these words. */
  const problemWith = (words: string) =>
    vi.waitFor(
      async () => {
        const found = (await status()).problems.find((each) => each.includes(words));
        if (found === undefined) throw new Error(`no problem with ${words}`);
        return found;
      },
      { timeout: 30_000, interval: 300 },
    );

  const shown = async () =>
    Number(measure(await page.until('anything', () => true), 'tickets_shown'));
  const untilShown = (count: number) =>
    page.until(`${count} tickets`, (state) => measure(state, 'tickets_shown') === count, 30_000);

  /** Every ticket of these tests is one that is shown. */
  const ticketsAtSource = async () => {
    const [rows] = await mysql.query<RowDataPacket[]>(
      'SELECT COUNT(DISTINCT ticket_id) AS count FROM support_tickets',
    );
    return Number(rows[0]?.['count']);
  };
  const rowsAtSource = async () => {
    const [rows] = await mysql.query<RowDataPacket[]>(
      'SELECT COUNT(*) AS count FROM support_tickets',
    );
    return Number(rows[0]?.['count']);
  };

  it('sets a record of garbage bytes aside and goes on', async () => {
    await producer.send({
      topic: supportTickets.topic.name,
      messages: [0, 1, 2, 3, 4, 5].map((partition) => ({
        partition,
        key: 'TCK1',
        value: Buffer.from([0xc3, 0x01, 7, 7, 7]),
      })),
    });
    await mysql.query(insert('AFTER-GARBAGE'));
    await page.until('the ticket behind it', (state) =>
      state.recent.some(({ ticket_id: id }) => id === 'AFTER-GARBAGE'),
    );
    await vi.waitFor(
      async () => {
        const codes = await deadLetterCodes();
        expect(codes.filter((code) => code === 'KFK_3007')).toHaveLength(6);
      },
      { timeout: 20_000, interval: 500 },
    );
    await verified();
  });

  it('keeps the number of a record that it cannot read, until a readable copy comes', async () => {
    const before = await verified();
    const { source, epoch, seq } = before as { source: string; epoch: number; seq: number };
    await producer.send({
      topic: supportTickets.topic.name,
      messages: [
        {
          key: 'UNREADABLE',
          value: Buffer.from('garbage'),
          headers: {
            [changeHeaders.source]: source,
            [changeHeaders.epoch]: String(epoch),
            [changeHeaders.seq]: String(seq + 1),
            [changeHeaders.images]: '1',
            [changeHeaders.kind]: 'c',
            [changeHeaders.transactionEnd]: '1',
          },
        },
      ],
    });
    const marked = await page.until('the marker', ({ books }) => books?.['dead_lettered'] === 1);
    expect(marked.quarantine.map(({ reasons }) => reasons)).toContain('record:unreadable');
    // The source's next image carries that very number: the readable copy takes the marker's place.
    await mysql.query(insert('REPAIRED'));
    await page.until(
      'the repair',
      ({ books, recent }) =>
        books?.['dead_lettered'] === 0 && recent.some(({ ticket_id: id }) => id === 'REPAIRED'),
    );
    await verified();
  });

  it('sends again what Firehose refused', async () => {
    await faults.add({ op: 'PutRecordBatch', action: 'fail-records', count: 1, times: 3 });
    await mysql.query(insert('REFUSED'));
    await page.until('the refused row', ({ recent }) =>
      recent.some(({ ticket_id: id }) => id === 'REFUSED'),
    );
    const fired = (await faults.stats()).faults;
    expect(fired['PutRecordBatch fail-records']).toBe(3);
    const { ports } = loadConfig(path.join(stack.stateDir, 'careplus.yaml')).health;
    const metrics = await (
      await fetch(`http://127.0.0.1:${ports['ticket-processor']}/metrics`)
    ).text();
    expect(metrics).toMatch(/careplus_processor_refused_records_total\{[^}]*\} 3/);
  });

  it('loads again what failed, and leaves a trace of it', async () => {
    await faults.add({
      op: 'BatchExecuteStatement',
      match: 'COPY',
      action: 'failed-statement',
      times: 1,
      message: 'ERROR: planted failure',
    });
    await mysql.query(insert('FAILED-ONCE'));
    await page.until('the row of the failed load', ({ recent }) =>
      recent.some(({ ticket_id: id }) => id === 'FAILED-ONCE'),
    );
    expect(log('warehouse-loader')).toContain('planted failure');
    await faults.clear();
    await verified();
  });

  it('keeps the books through a SIGKILL of each part', async () => {
    let written = 0;
    const stop = new AbortController();
    const write = async () => {
      const connection = await stack.mysql();
      while (!stop.signal.aborted) {
        written += 1;
        await connection.query(
          `START TRANSACTION; ${insert(`K${written}`)}; ${insert(`K${written}`)};
           UPDATE support_tickets SET status = 'Escalated' WHERE ticket_id = 'K${written}' LIMIT 1; COMMIT`,
        );
      }
      await connection.end();
    };
    const writing = write();
    for (const name of parts) {
      const from = written;
      await vi.waitFor(() => expect(written).toBeGreaterThan(from + 20), { timeout: 30_000 });
      const killed = stack.pid(name);
      process.kill(killed, 'SIGKILL');
      await vi.waitFor(() => expect(stack.pid(name)).not.toBe(killed), { timeout: 30_000 });
    }
    stop.abort();
    await writing;
    const books = await verified();
    expect(books).toMatchObject({ read: written * 2 + 4, unexplained: 0, in_flight: 0 });
    const shown = written + 4;
    await page.until('all of it', (state) => measure(state, 'tickets_shown') === shown, 30_000);
  });

  it.each([
    ['a missing stream', 'ResourceNotFoundException', 'LAKE_4002'],
    ['expired credentials', 'ExpiredTokenException', 'LAKE_4006'],
  ] as const)('waits for %s, says so, and goes on by itself', async (_, code, told) => {
    const pid = stack.pid('ticket-processor');
    await faults.add({ op: 'PutRecordBatch', action: 'refuse', code, times: 100_000 });
    await mysql.query(insert(`AFTER-${told}`));
    expect(await problemWith(`${supportTickets.name}: ${told}`)).toContain(code);
    await faults.clear();
    await untilShown(await ticketsAtSource());
    expect(stack.pid('ticket-processor')).toBe(pid);
  });

  it('closes the books while Firehose refuses 30 %, cuts sockets, and takes one row never', async () => {
    await faults.add(
      { op: 'PutRecordBatch', skip: 1, times: 2, action: 'drop-after' },
      { op: 'PutRecordBatch', skip: 2, times: 2, action: 'throttle' },
      { op: 'PutRecordBatch', skip: 3, times: 1, action: 'drop-before' },
      {
        ...{ op: 'PutRecordBatch', action: 'fail-records', times: 1_000_000 },
        ...{ match: supportTickets.stream, share: 0.3, containing: 'NEVER-TAKEN' },
      },
    );
    const rows = Array.from({ length: 600 }, (_, index) => insert(`F${index}`));
    for (let at = 0; at < rows.length; at += 100) {
      await mysql.query(`START TRANSACTION; ${rows.slice(at, at + 100).join(';')}; COMMIT`);
    }
    await mysql.query(insert('REFUSED-FOR-EVER').replace('Rohit', 'NEVER-TAKEN'));
    await mysql.query("UPDATE support_tickets SET status = 'Escalated' WHERE ticket_id LIKE 'F1%'");
    await mysql.query("DELETE FROM support_tickets WHERE ticket_id LIKE 'F2%'");
    expect(await verified()).toMatchObject({
      ...{ read: await rowsAtSource(), dead_lettered: 1, unexplained: 0, in_flight: 0 },
    });
    // The placeholder is there before it is certain that it must stay.
    await vi.waitFor(async () => expect(await deadLetterCodes()).toContain('LAKE_4005'), {
      timeout: 20_000,
      interval: 500,
    });
    expect(log('ticket-processor')).toContain('LAKE_4005');
    // Firehose takes it now: the placeholder gives way.
    await faults.clear();
    const requeue = ['quarantine', 'requeue', '--reason', 'record:refused', '--execute'];
    expect((await stack.careplus(requeue)).code).toBe(0);
    await page.until('the row itself', ({ books }) => books?.['dead_lettered'] === 0);
    expect(await verified()).toMatchObject({ dead_lettered: 0, unexplained: 0 });
  });

  it('goes on with a new column, and stops before a renamed one until its alias is written', async () => {
    const add = (id: string, column: string) =>
      mysql.query(
        `INSERT INTO support_tickets (ticket_id, created_at, agent, priority, num_interactions, IssUeCat, channel, ${column})
         VALUES ('${id}', '2025-03-31 23:00', 'Rohit', 'High', '3', 'Bug Report', 'Chat', 'Open')`,
      );
    await mysql.query('ALTER TABLE support_tickets ADD COLUMN tier INT DEFAULT 3');
    await add('WITH-TIER', 'status');
    const before = await ticketsAtSource();
    await untilShown(before);
    const { hops } = await status();
    expect(hops.find(({ hop }) => hop === 'cdc-reader')?.figures['unmapped_columns']).toEqual([
      ...['agent_feedback', 'tier'],
    ]);

    await mysql.query('ALTER TABLE support_tickets RENAME COLUMN status TO ticket_state');
    await add('WHILE-STOPPED', 'ticket_state');
    await mysql.query("DELETE FROM support_tickets WHERE ticket_id IN ('REPAIRED', 'REFUSED')");
    await mysql.query(
      "UPDATE support_tickets SET ticket_state = 'Escalated' WHERE ticket_id = 'WITH-TIER'",
    );
    expect(await problemWith('aliases: { status: [new_name] }')).toContain('CDC_1003');
    expect(await shown(), 'the last truth stays').toBe(before);

    const file = path.join(stack.stateDir, 'careplus.yaml');
    const table = 'table: support_tickets\n';
    const alias = '    aliases: { status: [ticket_state] }\n';
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(table, () => table + alias),
    );
    process.kill(stack.pid('cdc-reader'), 'SIGKILL');
    expect(await verified()).toMatchObject({
      ...{ read: await rowsAtSource(), unexplained: 0, in_flight: 0 },
    });
    // One came and two went meanwhile.
    expect(await ticketsAtSource()).toBe(before - 1);
    await untilShown(before - 1);
  });
});
