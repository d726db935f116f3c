/**
 * Topic → Firehose answered: `npm run bench -- processors [records]`.
 *
 * Starts a broker and the local AWS endpoint, writes change records of tickets into one open
 * transaction, starts `careplus run ticket-processor` (plain Node, as in production without a
 * bundle) and commits when every process has its partitions: so the whole backlog comes up at once.
 * The rate runs from the first rows that Firehose has taken to the last ones; CPU is each process's
 * own in that time, for endpoint and broker share the machine with what is measured. Then the same
 * with two processes in one group.
 */
import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from './measure/process-figures.ts';
import { startBacklog } from './processors/backlog.ts';
import { startScene, type Processor, type Scene } from './processors/scene.ts';

const records = Number(process.argv[2] ?? 400_000);
const POLL_MS = 50;
const PATIENCE_MS = 120_000;

interface Row {
  readonly processes: number;
  readonly 'records/s': number;
  readonly 'processor CPU µs/record': string;
  readonly 'records/s a core': number;
  readonly share: string;
  readonly 'endpoint CPU µs/record': string;
  readonly 'broker CPU µs/record': string;
  readonly 'peak RSS MB': string;
}

async function measure(scene: Scene, count: number): Promise<Row> {
  const backlog = await startBacklog(scene.kafka, records);
  const processors = await Promise.all(
    Array.from({ length: count }, () => scene.startProcessor(count)),
  );
  try {
    await backlog.commit();
    const before = await waitForRows(processors, 1);
    const endpointBefore = cpuSeconds(scene.endpointPid);
    const brokerBefore = cpuSeconds(scene.brokerPid);
    const after = await waitForRows(processors, records);
    const rows = sum(after.rows) - sum(before.rows);
    const perRecord = (seconds: number) => ((seconds * 1e6) / rows).toFixed(1);
    const busy = sum(after.cpu) - sum(before.cpu);
    return {
      processes: count,
      'records/s': Math.round((rows / (after.at - before.at)) * 1_000),
      'processor CPU µs/record': perRecord(busy),
      'records/s a core': Math.round(rows / busy),
      share: after.rows.map((each) => `${Math.round((each * 100) / sum(after.rows))} %`).join(' '),
      'endpoint CPU µs/record': perRecord(cpuSeconds(scene.endpointPid) - endpointBefore),
      'broker CPU µs/record': perRecord(cpuSeconds(scene.brokerPid) - brokerBefore),
      'peak RSS MB': processors.map((each) => Math.round(each.peakMb())).join(' '),
    };
  } finally {
    await Promise.all(processors.map((processor) => processor.stop()));
    await scene.forgetTopic();
  }
}

interface Reading {
  readonly at: number;
  readonly rows: readonly number[];
  readonly cpu: readonly number[];
}

async function waitForRows(processors: readonly Processor[], wanted: number): Promise<Reading> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until;) {
    const rows = await Promise.all(processors.map((processor) => processor.rows()));
    const at = performance.now();
    if (sum(rows) >= wanted) return { at, rows, cpu: processors.map(({ pid }) => cpuSeconds(pid)) };
    await delay(POLL_MS);
  }
  throw new Error(`fewer than ${wanted} rows after ${PATIENCE_MS} ms`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const scene = await startScene();
try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
      `Node ${process.version}, ${records} records, broker and AWS endpoint on the same machine`,
  );
  const rows: Row[] = [];
  for (const count of [1, 2]) rows.push(await measure(scene, count));
  console.table(rows);
} finally {
  await scene.close();
}
