/**
 * Kafka transactions by size: `npm run bench -- transactions [seconds per row]`.
 *
 * Starts a broker of its own. Each row writes transactions of N change records (380 bytes of value,
 * six partitions) and a checkpoint, one after the other, and tells the time of one and the records a
 * second: with the headers of a change record, and with one header, for kafkajs' encoder pays for
 * each. Then the time from the start of a write until a read_committed reader has it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import type { Kafka } from 'kafkajs';
import { startKafka } from '../infra/local/kafka.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { openTopicFetcher } from '../runtime/kafka/topic-fetcher.ts';
import {
  createTransactionalWriter,
  type TopicRecords,
  type TransactionalWriter,
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

const manyHeaders = {
  [changeHeaders.source]: 'main.careplus.support_tickets',
  [changeHeaders.epoch]: '1760000000',
  [changeHeaders.seq]: '123456',
  [changeHeaders.images]: '1',
  [changeHeaders.kind]: 'c',
  [changeHeaders.transactionEnd]: '0',
};
const oneHeader = { place: Object.values(manyHeaders).join(';') };

function transactionOf(size: number, headers: Record<string, string>): TopicRecords[] {
  const value = Buffer.alloc(VALUE_BYTES, 'x');
  const messages = Array.from({ length: size }, (_, index) => ({
    ...{ key: `TICKET-${index}`, value, headers },
  }));
  const checkpoint = { key: 'main.careplus.support_tickets', value: Buffer.alloc(300, 'y') };
  return [
    { topic: changes.name, messages },
    { topic: checkpoints.name, messages: [checkpoint] },
  ];
}

interface Row {
  readonly size: number;
  readonly headers: number;
  readonly 'p50 ms': string;
  readonly 'p99 ms': string;
  readonly 'records/s': number;
  readonly 'CPU µs/record': string;
}

async function measure(
  writer: TransactionalWriter,
  size: number,
  headers: Record<string, string>,
): Promise<Row> {
  const records = transactionOf(size, headers);
  const warmUntil = performance.now() + 500;
  while (performance.now() < warmUntil) await writer.write(records, signal);
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  while (performance.now() - startedAt < secondsPerRow * 1_000) {
    const before = performance.now();
    await writer.write(records, signal);
    times.push(performance.now() - before);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  times.sort((a, b) => a - b);
  const written = times.length * size;
  return {
    size,
    headers: Object.keys(headers).length,
    'p50 ms': quantile(times, 0.5),
    'p99 ms': quantile(times, 0.99),
    'records/s': Math.round(written / seconds),
    'CPU µs/record': ((user + system) / written).toFixed(1),
  };
}

/** Milliseconds from the start of a write until a read_committed reader has its record. */
async function measureVisibility(kafka: Kafka, writer: TransactionalWriter): Promise<number[]> {
  const fetcher = await openTopicFetcher(kafka, { topic: checkpoints.name });
  const times: number[] = [];
  let position = (await fetcher.ranges()).get(0)?.end ?? 0n;
  const until = performance.now() + secondsPerRow * 1_000;
  while (performance.now() < until) {
    const before = performance.now();
    const written = writer.write(transactionOf(1, manyHeaders), signal);
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
  const writer = createTransactionalWriter(kafka, { transactionalId: 'bench', log });
  await writer.open(signal);
  const rows: Row[] = [];
  for (const size of SIZES) {
    for (const headers of [manyHeaders, oneHeader]) {
      rows.push(await measure(writer, size, headers));
    }
  }
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}, Kafka 4.1.2`,
  );
  console.table(rows);
  const times = await measureVisibility(kafka, writer);
  console.log(
    `A transaction of one record is visible after ${quantile(times, 0.5)} ms (p50), ` +
      `${quantile(times, 0.99)} ms (p99).`,
  );
  await writer.close();
} finally {
  await broker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
