/**
 * Kafka transactions by size: `npm run bench -- transactions [seconds per row]`.
 *
 * Starts a broker of its own. Each row writes transactions of N change records (380 bytes of value,
 * six headers, six partitions) and a checkpoint, one after the other, and tells the time of one and
 * the records a second; first by the pipeline's writer, then by kafkajs' own transactional producer.
 * The last column is the time from the start of a write until a read_committed reader has it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { Partitioners, type Kafka } from 'kafkajs';
import { startKafka } from '../infra/local/kafka.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { openTopicFetcher } from '../runtime/kafka/topic-fetcher.ts';
import {
  createTransactionalWriter,
  type TopicRecords,
} from '../runtime/kafka/transactional-writer.ts';
import { createLog } from '../runtime/observability/log.ts';
import { changeHeaders } from '../schemas/row-change.ts';
import type { Topic } from '../schemas/topics.ts';

const SIZES = [1, 10, 100, 1_000, 5_000];
const VALUE_BYTES = 380;
const secondsPerRow = Number(process.argv[2] ?? 3);

const changes = topic('bench.changes', 6, 'delete');
const checkpoints = topic('bench.checkpoints', 1, 'compact');
const signal = new AbortController().signal;

function topic(name: string, partitions: number, cleanup: Topic['cleanup']): Topic {
  return { name, partitions, cleanup, retentionMs: null };
}

/** Commits one transaction. */
type Write = (records: readonly TopicRecords[]) => Promise<void>;

async function openWriter(kafka: Kafka) {
  const log = createLog('bench', 'silent');
  const writer = createTransactionalWriter(kafka, { transactionalId: 'bench-writer', log });
  await writer.open(signal);
  const write: Write = (records) => writer.write(records, signal);
  return { name: 'writer', write, close: () => writer.close() };
}

async function openKafkaJs(kafka: Kafka) {
  const producer = kafka.producer({
    transactionalId: 'bench-kafkajs',
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 10, initialRetryTime: 5 },
  });
  await producer.connect();
  const write: Write = async (records) => {
    const transaction = await producer.transaction();
    await transaction.sendBatch({
      topicMessages: records.map(({ topic, messages }) => ({
        topic,
        messages: messages.map((message) => ({ ...message })),
      })),
    });
    await transaction.commit();
  };
  return { name: 'kafkajs', write, close: () => producer.disconnect() };
}

function transactionOf(size: number): TopicRecords[] {
  const value = Buffer.alloc(VALUE_BYTES, 'x');
  const messages = Array.from({ length: size }, (_, index) => ({
    key: `TICKET-${index}`,
    value,
    headers: {
      [changeHeaders.source]: 'main.careplus.support_tickets',
      [changeHeaders.epoch]: '1760000000',
      [changeHeaders.seq]: `${index + 1}`,
      [changeHeaders.images]: '1',
      [changeHeaders.kind]: 'c',
      [changeHeaders.transactionEnd]: '0',
    },
  }));
  const checkpoint = { key: 'main.careplus.support_tickets', value: Buffer.alloc(300, 'y') };
  return [
    { topic: changes.name, messages },
    { topic: checkpoints.name, messages: [checkpoint] },
  ];
}

interface Row {
  readonly size: number;
  readonly client: string;
  readonly 'p50 ms': string;
  readonly 'p99 ms': string;
  readonly 'records/s': number;
  readonly 'CPU µs/record': string;
}

async function measure(name: string, write: Write, size: number): Promise<Row> {
  const records = transactionOf(size);
  const warmUntil = performance.now() + 500;
  while (performance.now() < warmUntil) await write(records);
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  while (performance.now() - startedAt < secondsPerRow * 1_000) {
    const before = performance.now();
    await write(records);
    times.push(performance.now() - before);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  times.sort((a, b) => a - b);
  const written = times.length * size;
  return {
    size,
    client: name,
    'p50 ms': quantile(times, 0.5),
    'p99 ms': quantile(times, 0.99),
    'records/s': Math.round(written / seconds),
    'CPU µs/record': ((user + system) / written).toFixed(1),
  };
}

/** Milliseconds from the start of a write until a read_committed reader has its record. */
async function measureVisibility(kafka: Kafka, write: Write): Promise<number[]> {
  const fetcher = await openTopicFetcher(kafka, { topic: checkpoints.name });
  const times: number[] = [];
  let position = (await fetcher.ranges()).get(0)?.end ?? 0n;
  const until = performance.now() + secondsPerRow * 1_000;
  while (performance.now() < until) {
    const before = performance.now();
    const written = write(transactionOf(1));
    for (let seen = false; !seen;) {
      const [fetched] = await fetcher.fetch(new Map([[0, position]]), signal);
      position = fetched?.next ?? position;
      seen = (fetched?.messages.length ?? 0) > 0;
    }
    times.push(performance.now() - before);
    await written;
  }
  await fetcher.close();
  return times.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], fraction: number): string {
  return (sorted[Math.floor((sorted.length - 1) * fraction)] ?? NaN).toFixed(1);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-bench-'));
const broker = await startKafka({
  stateDir,
  port: await freePort(),
  controllerPort: await freePort(),
  topics: [changes, checkpoints],
});
try {
  const log = createLog('bench', 'silent');
  const kafka = createKafka(
    { brokers: [...broker.brokers], ssl: false },
    { clientId: 'bench', log },
  );
  const clients = [await openWriter(kafka), await openKafkaJs(kafka)];
  const rows: Row[] = [];
  for (const size of SIZES) {
    for (const { name, write } of clients) rows.push(await measure(name, write, size));
  }
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}, Kafka 4.1.2`,
  );
  console.table(rows);
  for (const { name, write } of clients) {
    const times = await measureVisibility(kafka, write);
    console.log(
      `${name}: a transaction of one record is visible after ` +
        `${quantile(times, 0.5)} ms (p50), ${quantile(times, 0.99)} ms (p99)`,
    );
  }
  for (const { close } of clients) await close();
} finally {
  await broker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
