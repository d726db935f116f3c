import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../infra/local/aws-endpoint/faults-client.ts';
import { createEncoder } from '../../runtime/avro/single-object-encoding.ts';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { openBucket, type Bucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { supportLogs } from '../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { logBlockSchema, logHeaders } from '../../schemas/log-entries.ts';
import { listArchive, readArchive } from '../../stream-processors/archive/archive-reader.ts';
import { block, entryText, range } from '../unit/stream-processors/log-blocks.ts';
import { createTestStack, type TestStack } from './local-stack.ts';

const signal = new AbortController().signal;

const insert = (id: string, interactions = '3') =>
  `INSERT INTO support_tickets VALUES
   ('${id}', '2025-03-31 23:00', NULL, 'Rohit', 'High', '${interactions}', 'Bug Report', 'Chat', 'Open', '')`;

/** An entry of its own; a negative time sets it aside. */
const entry = (session: string, responseTime = '5ms') =>
  supportLogs.ruleExamples.write({
    ...supportLogs.ruleExamples.row,
    ...{ session_id: session, ticket_id: `T-${session}`, response_time_ms: responseTime },
  });

describe('archive, replay and quarantine', () => {
  let stack: TestStack;
  let logs = '';
  let mysql: Connection;
  let kafka: Kafka;
  let bucket: Bucket;
  let faults: FaultsClient;
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    stack = await createTestStack();
    logs = path.join(path.dirname(stack.stateDir), 'server-logs');
    mkdirSync(logs);
    const run = await stack.careplus(['up', '--logs', logs, '--keep-running']);
    expect(run.code, run.stderr).toBe(0);
    mysql = await stack.mysql();
    const config = loadConfig(path.join(stack.stateDir, 'careplus.yaml'));
    kafka = new Kafka({ brokers: config.kafka.brokers ?? [], logLevel: logLevel.NOTHING });
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

  const append = (text: string, file: string) => appendFileSync(path.join(logs, file), text);

  /** `partition:offset` of every record in a topic. */
  const inTopic = async (topic: string) => {
    const found: string[] = [];
    await readRange({
      ...{ kafka, topic, signal: AbortSignal.timeout(20_000) },
      onBatch: ({ partition, messages }) =>
        void found.push(...messages.map(({ offset }) => `${partition}:${offset}`)),
    });
    return found.toSorted();
  };

  /** Waits until the archive holds each record of the topic once, in objects that tile it. */
  const archived = (dataset: AnyDataset, atLeast: number) =>
    vi.waitFor(
      async () => {
        const topic = dataset.topic.name;
        const objects = await listArchive(bucket, dataset, topic, signal);
        const found: string[] = [];
        for await (const { partition, messages } of readArchive(bucket, objects, signal)) {
          found.push(...messages.map(({ offset }) => `${partition}:${offset}`));
        }
        expect(found.length).toBeGreaterThanOrEqual(atLeast);
        expect(found.toSorted()).toEqual(await inTopic(topic));
        const next = new Map<number, bigint>();
        for (const { partition, first, last } of objects) {
          expect(first).toBe(next.get(partition) ?? 0n);
          next.set(partition, last + 1n);
        }
      },
      { timeout: 20_000, interval: 500 },
    );

  it('archives every record once, though the archiver is killed while it works', async () => {
    for (let kill = 0; kill < 2; kill += 1) {
      for (let i = 0; i < 20; i += 1) {
        await mysql.query(insert(`A${kill}-${i}`, `${i - 2}`));
        // Files of their own: what is written into one may travel in one record.
        if (i % 4 === 0) append(entry(`a${kill}-${i}`, `${i - 1}ms`), `app-${kill}-${i}.log`);
      }
      const killed = stack.pid('archiver');
      process.kill(killed, 'SIGKILL');
      await vi.waitFor(() => expect(stack.pid('archiver')).not.toBe(killed), { timeout: 20_000 });
    }
    await Promise.all([archived(supportTickets, 40), archived(supportLogs, 10)]);
  });

  /** What the warehouse holds of a dataset, but for what was written as `behind`. */
  const figures = async ({ shortName }: AnyDataset) => {
    const sql =
      shortName === 'tickets'
        ? 'SELECT * FROM reporting.ticket_books ORDER BY book_day'
        : "SELECT entry_id, copies, accepted, reasons, rules_version FROM careplus.log_entry WHERE path LIKE '%/app-%' ORDER BY entry_id";
    return (await stack.careplus(['--json', 'query', sql])).stdout;
  };
  const replay = async (...args: string[]) => {
    const run = await stack.careplus(['--json', 'replay', ...args]);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    return JSON.parse(run.stdout) as Record<string, unknown>;
  };
  const settled = async () => {
    const run = await stack.careplus(['wait', '--idle', '--timeout', '20s']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  };
  /** Changes behind what was sent again: when these have arrived, it has. */
  const settledBehind = async () => {
    await mysql.query(insert('BEHIND'));
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'BEHIND'`);
    append(entry('behind'), 'behind.log');
    await settled();
  };

  const both = [supportTickets, supportLogs] as const;
  const figuresOfBoth = () => Promise.all(both.map(figures));

  it('changes no figure by a replay, from the topic or the lake, however often', async () => {
    await settled();
    const before = await figuresOfBoth();
    const replayed = both.map(async ({ shortName }) => {
      const of = ['--dataset', shortName];
      const dry = await replay(...of);
      const nothing = { changes: [], not_in_warehouse: 0, unreadable: 0 };
      expect(dry).toMatchObject({ executed: false, ...nothing });
      const fromTopic = await replay(...of, '--execute');
      const fromLake = await replay(...of, '--execute', '--source', 'lake');
      expect([fromTopic['rows'], fromLake['rows']]).toEqual([dry['rows'], dry['rows']]);
      return Number(dry['rows']);
    });
    const [images, ranges] = await Promise.all(replayed);
    expect(images).toBeGreaterThanOrEqual(40);
    expect(ranges).toBeGreaterThanOrEqual(10);
    await settledBehind();
    expect(await figuresOfBoth()).toEqual(before);
  });

  const replayFile = (name: string) => path.join(stack.stateDir, 'replay', `${name}.json`);

  it('goes on after a SIGKILL where it was, beside live changes, and changes no figure', async () => {
    const [all, before] = [await replay(), await figures(supportTickets)];
    const killed = stack.start(['--json', 'replay', '--execute', '--rate', '10']);
    await vi.waitFor(
      () => {
        const file = JSON.parse(readFileSync(replayFile('tickets'), 'utf8')) as {
          partitions: { start: string; next: string }[];
        };
        expect(file.partitions.some(({ start, next }) => start !== next)).toBe(true);
      },
      { timeout: 20_000, interval: 50 },
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const anew = await stack.careplus(['--json', 'replay', '--execute']);
    expect(anew.code).toBe(78);
    expect(anew.stdout).toContain('--resume');
    const resumed = replay('--resume');
    await settledBehind();
    const { rows } = await resumed;
    expect(Number(rows)).toBeGreaterThan(0);
    expect(Number(rows)).toBeLessThan(Number(all['rows']));
    expect(existsSync(replayFile('tickets'))).toBe(false);
    expect(await figures(supportTickets)).toBe(before);
  });

  it('ends when it is cancelled', async () => {
    const args = ['--json', 'replay', '--dataset', 'logs', '--execute', '--rate', '1'];
    const running = stack.start(args);
    let told = '';
    running.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
    await vi.waitFor(() => expect(existsSync(replayFile('logs'))).toBe(true), { timeout: 20_000 });
    const ended = once(running, 'close');
    expect(await replay('--dataset', 'logs', '--cancel')).toMatchObject({ cancelled: 'running' });
    expect(await ended).toEqual([1, null]);
    expect(JSON.parse(told)).toMatchObject({ ok: false, cancelled: true, dataset: 'logs' });
    expect(existsSync(replayFile('logs'))).toBe(false);
  });

  /** Nothing follows: no later change shows the warehouse that something is missing. */
  it('finds and fills by itself what Firehose has lost, though nothing comes behind it', async () => {
    const lose = { op: 'Deliver', action: 'lose-records', times: 1 } as const;
    await faults.add(
      { ...lose, match: supportTickets.stream, count: 3 },
      { ...lose, match: supportLogs.stream, count: 4 },
    );
    await mysql.query(
      `START TRANSACTION; ${insert('L1')}; ${insert('L2')}; ${insert('L3')}; COMMIT`,
    );
    append(['l1', 'l2', 'l3', 'l4'].map((session) => entry(session)).join(''), 'lost.log');
    await settled();
    const lost = (await faults.stats()).faults['Deliver lose-records'];
    expect(lost).toBe(2);
    const verified = await stack.careplus(['--json', 'verify']);
    expect(verified.code, verified.stdout).toBe(0);
    const log = readFileSync(path.join(stack.stateDir, 'logs', 'archiver.log'), 'utf8');
    expect(log).toContain('missing numbers sent again');
    expect(log).not.toContain('unfillable');
    expect(await replay('--fill')).toMatchObject({ ok: true, holes: [], rows: 0 });
  });

  it('lists what is set aside, shows why, and judges it again without a trace', async () => {
    const quarantine = (...args: string[]) => stack.careplus(['--json', 'quarantine', ...args]);
    const [listed, shown, ofLogs, unknown] = await Promise.all([
      quarantine('list'),
      quarantine('show', 'A0-1'),
      quarantine('show', 'T-a0-0'),
      quarantine('show', 'nobody'),
    ]);
    const groups = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    // A0-0, A0-1, A1-0 and A1-1 have -2 and -1 interactions; a0-0 and a1-0 took -1 ms.
    expect(groups).toEqual([
      expect.objectContaining({
        ...{ dataset: 'tickets', reasons: 'num_interactions:negative-count', rows: 4, copies: 4 },
        meaning: [expect.objectContaining({ sentence: 'A count cannot be below zero.' })],
      }),
      expect.objectContaining({
        ...{ dataset: 'logs', reasons: 'response_time_ms:negative', rows: 2, copies: 2 },
      }),
    ]);
    const rowsOf = (text: string) => (JSON.parse(text) as { rows: Record<string, unknown>[] }).rows;
    const original = String(rowsOf(shown.stdout)[0]?.['original']);
    expect(JSON.parse(original)).toMatchObject({ num_interactions: '-1' });
    expect(rowsOf(ofLogs.stdout)).toEqual([
      expect.objectContaining({
        original: entry('a0-0', '-1ms'),
        why: [expect.objectContaining({ accepted: expect.stringContaining('1269ms') as string })],
      }),
    ]);
    expect(unknown.code).toBe(1);
    const before = await figuresOfBoth();
    const requeued = both.map(async ({ shortName }, index) => {
      const count = [4, 2][index];
      const of = ['requeue', '--dataset', shortName];
      const all = { ok: true, quarantined: count, found: count, rows: count };
      const dry = await quarantine(...of);
      expect(JSON.parse(dry.stdout)).toMatchObject({ ...all, changes: [], unchanged: count });
      const sent = await quarantine(...of, '--execute');
      expect(JSON.parse(sent.stdout)).toMatchObject({ ...all, executed: true });
    });
    await Promise.all(requeued);
    await settledBehind();
    expect(await figuresOfBoth()).toEqual(before);
  });

  it('puts blocks of a log that could not be read back into their topic', async () => {
    const schema = {
      ...logBlockSchema,
      fields: [...logBlockSchema.fields, { name: 'zone', type: 'string', default: '' }],
    };
    const text = entryText();
    const whole = { ...block([range(0, text)]), host: 'elsewhere', zone: 'eu' };
    const headers = {
      [logHeaders.host]: whole.host,
      [logHeaders.generation]: whole.generation,
      [logHeaders.generationStart]: '0',
      [logHeaders.first]: '0',
      [logHeaders.end]: String(Buffer.byteLength(text)),
    };
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const value = createEncoder(schema).encode(whole);
    await producer.send({ topic: supportLogs.topic.name, messages: [{ value, headers }] });
    const elsewhere = async () => {
      const sql = `SELECT (SELECT COUNT(*) FROM careplus.log_unreadable WHERE host = 'elsewhere') AS unread, (SELECT COUNT(*) FROM careplus.log_entry WHERE host = 'elsewhere') AS entries`;
      return JSON.parse((await stack.careplus(['--json', 'query', sql])).stdout) as object;
    };
    const becomes = (state: object) =>
      vi.waitFor(async () => expect(await elsewhere()).toEqual(state), { timeout: 20_000 });
    await becomes({ unread: 1, entries: 0 });
    const letters = ['--dataset', 'logs', '--source', 'dead-letters'];
    expect(await replay(...letters)).toMatchObject({ letters: { KFK_3004: 1 }, sent: 0 });
    // The schema comes after all.
    const schemas = createWriterSchemas(kafka, { log: createLog('test', 'silent') });
    const { topic, messages } = schemas.records(schema);
    await producer.send({ topic, messages: [...messages] });
    await producer.disconnect();
    expect(await replay(...letters, '--execute')).toMatchObject({ sent: 1 });
    await becomes({ unread: 0, entries: 1 });
  });
});
