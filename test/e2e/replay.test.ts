import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../infra/local/aws-endpoint/faults-client.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { openBucket, type Bucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { listArchive, readArchive } from '../../stream-processors/archive/archive-reader.ts';
import { createTestStack, type TestStack } from './local-stack.ts';

const topic = supportTickets.topic.name;
const signal = new AbortController().signal;

const insert = (id: string, interactions = '3') =>
  `INSERT INTO support_tickets VALUES
   ('${id}', '2025-03-31 23:00', NULL, 'Rohit', 'High', '${interactions}', 'Bug Report', 'Chat', 'Open', '')`;

describe('archive, replay and quarantine', () => {
  let stack: TestStack;
  let mysql: Connection;
  let kafka: Kafka;
  let bucket: Bucket;
  let faults: FaultsClient;
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    stack = await createTestStack();
    const run = await stack.careplus(['up', '--empty', '--keep-running']);
    expect(run.code, run.stderr).toBe(0);
    mysql = await stack.mysql();
    const config = loadConfig(path.join(stack.stateDir, 'careplus.yaml'));
    kafka = new Kafka({ brokers: config.kafka.brokers, logLevel: logLevel.NOTHING });
    process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
    faults = createFaultsClient(config.aws.endpoint ?? '');
    const s3 = createS3Client(config.aws);
    closing.push(() => s3.destroy());
    bucket = openBucket(s3, config.aws.bucket);
  });
  afterAll(async () => {
    for (const close of closing) close();
    await mysql.end();
    await stack.close();
  });

  /** `partition:offset` of every record in the topic. */
  const inTopic = async () => {
    const found: string[] = [];
    await readRange({
      ...{ kafka, topic, signal: AbortSignal.timeout(20_000) },
      onBatch: ({ partition, messages }) =>
        void found.push(...messages.map(({ offset }) => `${partition}:${offset}`)),
    });
    return found.toSorted();
  };

  it('archives every record once, though the archiver is killed while it works', async () => {
    for (let kill = 0; kill < 2; kill += 1) {
      for (let i = 0; i < 20; i += 1) await mysql.query(insert(`A${kill}-${i}`, `${i - 2}`));
      const killed = stack.pid('archiver');
      process.kill(killed, 'SIGKILL');
      await vi.waitFor(() => expect(stack.pid('archiver')).not.toBe(killed), { timeout: 20_000 });
    }
    const archived: string[] = [];
    await vi.waitFor(
      async () => {
        const objects = await listArchive(bucket, supportTickets, topic, signal);
        archived.length = 0;
        for await (const { partition, messages } of readArchive(bucket, objects, signal)) {
          archived.push(...messages.map(({ offset }) => `${partition}:${offset}`));
        }
        expect(archived.length).toBeGreaterThanOrEqual(40);
        expect(archived.toSorted()).toEqual(await inTopic());
      },
      { timeout: 20_000, interval: 500 },
    );
    const next = new Map<number, bigint>();
    for (const each of await listArchive(bucket, supportTickets, topic, signal)) {
      expect(each.first).toBe(next.get(each.partition) ?? 0n);
      next.set(each.partition, each.last + 1n);
    }
  });

  const figures = async () => {
    const { stdout } = await stack.careplus([
      ...['--json', 'query'],
      'SELECT * FROM reporting.ticket_books ORDER BY book_day',
    ]);
    return stdout;
  };
  const replay = async (...args: string[]) => {
    const run = await stack.careplus(['--json', 'replay', ...args]);
    expect(run.code, run.stderr).toBe(0);
    return JSON.parse(run.stdout) as Record<string, unknown>;
  };
  const settled = async () => {
    const run = await stack.careplus(['wait', '--idle', '--timeout', '20s']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  };

  it('changes no figure by a replay, from the topic or the lake, however often', async () => {
    await settled();
    const before = await figures();
    const dry = await replay();
    expect(dry).toMatchObject({ executed: false, changes: [], not_in_warehouse: 0, unreadable: 0 });
    expect(Number(dry['rows'])).toBeGreaterThanOrEqual(40);
    const first = await replay('--execute');
    expect(first['rows']).toBe(dry['rows']);
    const fromLake = await replay('--execute', '--source', 'lake');
    expect(fromLake['rows']).toBe(dry['rows']);
    // Changes behind them: when these have arrived, they have.
    await mysql.query(insert('BEHIND'));
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'BEHIND'`);
    await settled();
    expect(await figures()).toBe(before);
  });

  it('fills a hole by itself when Firehose has lost records', async () => {
    await faults.add({
      ...{ op: 'Deliver', match: supportTickets.stream, action: 'lose-records' },
      ...{ count: 1, times: 1 },
    });
    await mysql.query(
      `START TRANSACTION; ${insert('L1')}; ${insert('L2')}; ${insert('L3')}; COMMIT`,
    );
    await mysql.query(insert('L4'));
    await settled();
    expect((await faults.stats()).faults['Deliver lose-records']).toBe(1);
    const verified = await stack.careplus(['--json', 'verify']);
    expect(verified.code, verified.stdout).toBe(0);
    const log = readFileSync(path.join(stack.stateDir, 'logs', 'archiver.log'), 'utf8');
    expect(log).toContain('missing numbers sent again');
    expect(log).not.toContain('unfillable');
  });

  it('lists what is set aside, shows why, and judges it again without a trace', async () => {
    const quarantine = (...args: string[]) => stack.careplus(['--json', 'quarantine', ...args]);
    const [listed, shown, unknown, dry, before] = await Promise.all([
      quarantine('list'),
      quarantine('show', 'A0-1'),
      quarantine('show', 'nobody'),
      quarantine('requeue'),
      figures(),
    ]);
    const groups = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    // A0-0, A0-1, A1-0 and A1-1 have -2 and -1 interactions.
    expect(groups).toEqual([
      expect.objectContaining({
        ...{ dataset: 'tickets', reasons: 'num_interactions:negative-count', rows: 4, copies: 4 },
        meaning: [expect.objectContaining({ sentence: 'A count cannot be below zero.' })],
      }),
    ]);
    expect(shown.code, shown.stderr).toBe(0);
    const { rows } = JSON.parse(shown.stdout) as { rows: Record<string, unknown>[] };
    expect(JSON.parse(String(rows[0]?.['original']))).toMatchObject({ num_interactions: '-1' });
    expect(unknown.code).toBe(1);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      ...{ ok: true, executed: false, quarantined: 4, found: 4, rows: 4, changes: [], unchanged: 4 },
    });
    const sent = await quarantine('requeue', '--execute');
    expect(JSON.parse(sent.stdout)).toMatchObject({ ok: true, quarantined: 4, found: 4 });
    await settled();
    expect(await figures()).toBe(before);
  });
});
