import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type { Connection } from 'mysql2/promise';
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
});
