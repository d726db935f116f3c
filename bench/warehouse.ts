/**
 * Lake → warehouse: `npm run bench -- warehouse [rows] [--only tickets|logs] [--backlog] [--long]`.
 *
 * Starts PostgreSQL, the local AWS endpoint and `careplus run warehouse-loader`. First the loading
 * of a backlog: objects of 50,000 rows lie in the lake when the loader starts, and the time runs
 * from its taking over until the last one is loaded. Then a batch of 2,000 rows (an update is two
 * images) behind a history that SQL has put into the tables: from the submit of the batch to its
 * end, once the tables' pages have been written and some batches have gone before. `--backlog`
 * leaves the batches out; `--long` measures them behind ten million rows alone.
 */
import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import { supportLogs } from '../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../schemas/datasets/support-tickets/index.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import { openParquetWriter } from '../test/integration/warehouse/lake-images.ts';
import {
  startLakeServers,
  type LogLine,
  type RunningLoader,
} from '../test/integration/warehouse/lake-servers.ts';
import { loadStatements } from '../warehouse-loader/load-statements.ts';
import { loadName } from '../warehouse-loader/take-over.ts';
import { peakMb, serverCpuSeconds } from './measure/process-figures.ts';
import { logRows, ticketRows, type BenchRows } from './warehouse/lake-rows.ts';

const { values: flags, positionals } = parseArgs({
  options: { long: { type: 'boolean' }, backlog: { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
});
const backlogRows = Number(positionals[0] ?? 500_000);
const OBJECT_ROWS = 50_000;
const BATCH_ROWS = 2_000;
/** Not counted: they bring back the pages that later ones read. */
const WARMING_ROUNDS = 3;
const ROUNDS = 9;
const histories = flags.long === true ? [10_000_000] : [10_000, 100_000, 1_000_000];
const allBenches: readonly (readonly [AnyDataset, BenchRows])[] = [
  [supportTickets, ticketRows],
  [supportLogs, logRows],
];
const benches = allBenches.filter(
  ([{ shortName }]) => flags.only === undefined || flags.only === shortName,
);

await using servers = await startLakeServers();
const { database } = servers;
const parquet = await openParquetWriter();
let objects = 0;

/** Puts rows into the lake under a name that Firehose could have given. */
async function deliver(dataset: AnyDataset, query: string): Promise<number> {
  const at = new Date().toISOString();
  const folder = `${processedPrefix(dataset)}dt=${at.slice(0, 10)}/hour=${at.slice(11, 13)}`;
  const name = `${dataset.stream}-1-${at.slice(0, 19).replaceAll(/[T:]/g, '-')}-${String((objects += 1)).padStart(12, '0')}`;
  const bytes = await parquet.write(query);
  await servers.put(`${folder}/${name}.parquet`, bytes);
  return bytes.length;
}

async function startLoader(): Promise<RunningLoader> {
  const loader = servers.startLoader({ environment: { CAREPLUS_LOG_LEVEL: 'debug' } });
  await waitFor(loader, () => loader.lines.filter(({ msg }) => msg === 'took over').length === 2);
  return loader;
}

async function waitFor(loader: RunningLoader, condition: () => boolean): Promise<void> {
  let exit: number | null | undefined;
  void loader.exit.then((code) => (exit = code));
  while (!condition()) {
    if (exit !== undefined) throw new Error(`the loader ended: ${String(exit)}`);
    await delay(20);
  }
}

const loadedBy = ({ lines }: RunningLoader, dataset: AnyDataset): LogLine[] =>
  lines.filter((line) => line['msg'] === 'batch loaded' && line['dataset'] === dataset.name);

const timeOf = (line: LogLine | undefined): number => Date.parse(String(line?.['time']));

/** Milliseconds of each step of the dataset's newest batch, in their order. */
async function newestSteps(dataset: AnyDataset): Promise<readonly (readonly [string, number])[]> {
  const { rows } = await database.query<{ outcome: { parts: { durationMs: number }[] } }>(
    `SELECT s.outcome FROM data_api.statements s WHERE jsonb_array_length(s.outcome -> 'parts') > 10
      AND s.client_token LIKE (SELECT b.batch_id FROM ops.${dataset.entity}_batches b ORDER BY loaded_at DESC LIMIT 1) || '%'`,
  );
  const batch = { dataset, batchId: loadName(dataset), objects: [] };
  const steps = loadStatements(batch, { token: '', manifestUrl: '', copyRoleArn: '' });
  const durations = rows[0]?.outcome.parts.map(({ durationMs }) => durationMs) ?? [];
  return steps.map(({ step }, index) => [step, durations[index] ?? 0] as const);
}

/** The steps beside each other: a column for each measurement of the dataset. */
const stepTables = new Map<AnyDataset, Map<string, Record<string, number>>>();

async function noteSteps(dataset: AnyDataset, measurement: string): Promise<void> {
  const table = stepTables.get(dataset) ?? new Map<string, Record<string, number>>();
  stepTables.set(dataset, table);
  for (const [step, ms] of await newestSteps(dataset)) {
    table.set(step, { ...table.get(step), [measurement]: Math.round(ms) });
  }
}

function tellSteps(): void {
  for (const [dataset, table] of stepTables) {
    console.log(`${dataset.shortName}: milliseconds of each step of a batch`);
    const rows = [...table].filter(([, times]) => Object.values(times).some((ms) => ms >= 2));
    console.table(Object.fromEntries(rows));
  }
}

/** @returns how many rows there are now. */
async function makeHistory(rows: BenchRows, wanted: number): Promise<number> {
  for (const sql of rows.history(wanted)) await database.query(sql);
  await database.query('CHECKPOINT');
  return rows.whole(wanted);
}

async function measureBacklog(dataset: AnyDataset, rows: BenchRows): Promise<object> {
  let bytes = 0;
  let count = 0;
  const held = await makeHistory(rows, histories[0] ?? 0);
  for (let from = held + 1; from <= held + backlogRows; from += OBJECT_ROWS, count += 1) {
    bytes += await deliver(dataset, rows.stream(from, from + OBJECT_ROWS - 1));
  }
  const session = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const warehouseCpu = () => serverCpuSeconds(session.rows[0]?.pid ?? 0);
  const cpuBefore = warehouseCpu();
  const loader = await startLoader();
  const loaded = () => loadedBy(loader, dataset);
  const sum = () => loaded().reduce((total, line) => total + Number(line['objects']), 0);
  await waitFor(loader, () => sum() === count);
  const isStart = ({ msg, dataset: its }: LogLine) => msg === 'took over' && its === dataset.name;
  const took = timeOf(loaded().at(-1)) - timeOf(loader.lines.find(isStart));
  const cpu = warehouseCpu() - cpuBefore;
  const peak = peakMb(loader.pid);
  await stop(loader);
  await noteSteps(dataset, `backlog of ${backlogRows}`);
  return {
    backlog: `${backlogRows} ${rows.unit} in ${count} objects`,
    'MB of Parquet': Math.round(bytes / 1e6),
    batches: loaded().length,
    seconds: (took / 1_000).toFixed(1),
    'rows/s': Math.round(backlogRows / (took / 1_000)),
    'CPU s of PostgreSQL': cpu.toFixed(1),
    'loader RSS MB': Math.round(peak),
  };
}

async function measureBatch(
  loader: RunningLoader,
  [dataset, rows]: (typeof benches)[number],
  history: number,
): Promise<object> {
  const startedAt = performance.now();
  await makeHistory(rows, history);
  const setUp = performance.now() - startedAt;
  const before = loadedBy(loader, dataset).length;
  for (let round = 0; round < WARMING_ROUNDS + ROUNDS; round += 1) {
    await deliver(dataset, rows.batch(history, round, BATCH_ROWS));
    await waitFor(loader, () => loadedBy(loader, dataset).length === before + round + 1);
  }
  const times = loadedBy(loader, dataset)
    .slice(before + WARMING_ROUNDS)
    .map((line) => Math.round(Number(line['tookMs'])))
    .sort((a, b) => a - b);
  await noteSteps(dataset, `behind 10^${Math.log10(history)}`);
  return {
    batch: `${BATCH_ROWS} ${rows.unit}`,
    history: `10^${Math.log10(history)}`,
    'median ms': times[Math.floor(ROUNDS / 2)],
    'least ms': times[0],
    'most ms': times.at(-1),
    'set-up s': (setUp / 1_000).toFixed(1),
  };
}

async function stop(loader: RunningLoader): Promise<void> {
  loader.kill('SIGTERM');
  await loader.exit;
}

try {
  // Migrations first: they are not what is measured.
  await stop(await startLoader());
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
      `Node ${process.version}; loader, endpoint and PostgreSQL 15 on the same machine`,
  );
  const backlogs: object[] = [];
  if (flags.long !== true) {
    for (const [dataset, rows] of benches) backlogs.push(await measureBacklog(dataset, rows));
    console.table(backlogs);
  }
  if (flags.backlog !== true) {
    const loader = await startLoader();
    const batches: object[] = [];
    for (const bench of benches) {
      for (const history of histories) batches.push(await measureBatch(loader, bench, history));
    }
    console.table(batches);
    await stop(loader);
  }
  tellSteps();
} finally {
  parquet.close();
}
