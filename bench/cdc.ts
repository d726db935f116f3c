/**
 * Binlog → topic, catch-up: `npm run bench -- cdc [rows] [rows per transaction …]`.
 *
 * Starts a source and a broker of its own, commits the rows while no reader runs, then starts
 * `careplus run cdc-reader` and takes the time from its first change in the topic to its last one
 * (and from the start of the process). Memory and CPU are those of the reader's process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { startKafka, type KafkaBroker } from '../infra/local/kafka.ts';
import { startMariadb, type Mariadb } from '../infra/local/mariadb.ts';
import { removeState } from '../infra/local/state-folders.ts';
import { createCheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { createLog } from '../runtime/observability/log.ts';
import { readerCheckpointSchema, type ReaderCheckpoint } from '../schemas/checkpoint.ts';
import { supportTickets } from '../schemas/datasets/support-tickets/index.ts';
import { sourceId } from '../schemas/row-change.ts';
import { topics } from '../schemas/topics.ts';
import { cpuSeconds, peakMb } from './measure/process-figures.ts';

const rows = Number(process.argv[2] ?? 200_000);
const transactionSizes = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [1_000, 1];
const POLL_MS = 100;

interface Bench {
  readonly folder: string;
  readonly mariadb: Mariadb;
  readonly broker: KafkaBroker;
  readonly connection: Connection;
  readonly checkpointOf: (table: string) => Promise<ReaderCheckpoint | undefined>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function open(folder: string): Promise<Bench> {
  const [mariadb, broker] = await Promise.all([
    startMariadb({ stateDir: path.join(folder, 'source'), port: await freePort() }),
    startKafka({
      stateDir: path.join(folder, 'broker'),
      port: await freePort(),
      controllerPort: await freePort(),
    }),
  ]);
  const { host, port, database, admin } = mariadb;
  const connection = await createConnection({
    ...{ host, port, database, user: admin.user, password: admin.password },
    multipleStatements: true,
  });
  // Only for committing the rows quickly: what is measured comes after.
  await connection.query(
    'SET GLOBAL sync_binlog = 0; SET GLOBAL innodb_flush_log_at_trx_commit = 0',
  );
  const log = createLog('bench', 'error');
  const kafka = createKafka(
    { brokers: [...broker.brokers], ssl: false },
    { clientId: 'careplus-bench', log },
  );
  const store = createCheckpointStore(kafka, {
    topic: topics.readerCheckpoints.name,
    parse: (json) => readerCheckpointSchema.parse(json),
    log,
  });
  return {
    folder,
    mariadb,
    broker,
    connection,
    async checkpointOf(table) {
      const key = sourceId('bench', database, table);
      return (await store.readLatest((each) => each === key, AbortSignal.timeout(60_000))).get(key);
    },
  };
}

function startReader({ folder, mariadb, broker }: Bench, table: string): ChildProcess {
  const { host, port, database, reader } = mariadb;
  const config = {
    version: 1,
    kafka: { brokers: broker.brokers },
    source: { name: 'bench', host, port, user: reader.user, passwordFile: reader.passwordFile },
    datasets: { [supportTickets.name]: { database, table } },
    aws: { region: 'us-east-1' },
    warehouse: { workgroup: 'w', database: 'd', copyRoleArn: 'arn:aws:iam::000000000000:role/r' },
  };
  const file = path.join(folder, `${table}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const careplus = path.resolve(import.meta.dirname, '../operations/careplus.ts');
  return spawn(process.execPath, [careplus, 'run', 'cdc-reader', '--config', file], {
    // What it logs at this level is worth seeing.
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CAREPLUS_LOG_LEVEL: 'error', NODE_NO_WARNINGS: '1' },
  });
}

async function stopReader(reader: ChildProcess): Promise<void> {
  const exited = once(reader, 'exit');
  reader.kill('SIGTERM');
  await exited;
}

async function waitFor<T>(reader: ChildProcess, probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    if (reader.exitCode !== null || reader.signalCode !== null) {
      throw new Error(`the reader ended: ${reader.signalCode ?? reader.exitCode ?? ''}`);
    }
    const found = await probe();
    if (found !== undefined) return found;
    await delay(POLL_MS);
  }
}

/** Tickets of some 120 bytes, of which no two are alike. */
async function commitRows({ connection }: Bench, table: string, size: number): Promise<void> {
  const values = (id: string) =>
    `CONCAT('TKT', ${id}), '2025-01-01 10:00:00', '2025-01-02 11:12:13', CONCAT('agent_', ${id} % 50), 'High', '5', 'Billing', 'Email', 'Open', NULL`;
  const perCall = Math.max(size, 1_000);
  for (let first = 1; first <= rows; first += perCall) {
    const statements = Array.from({ length: perCall / size }, (_, index) => {
      const from = first + index * size;
      return size === 1
        ? `INSERT INTO ${table} SELECT ${values(String(from))}`
        : `INSERT INTO ${table} SELECT ${values('seq')} FROM seq_${from}_to_${from + size - 1}`;
    });
    await connection.query(statements.join(';'));
  }
}

async function measure(bench: Bench, size: number): Promise<void> {
  const table = `tickets_${size}`;
  const columns = [...supportTickets.mapping.map(({ column }) => column), 'agent_feedback'];
  await bench.connection.query(
    `CREATE TABLE ${table} (${columns.map((name) => `${name} TEXT`).join(', ')})`,
  );
  // The snapshot of the empty table: its end marker has number 1.
  const snapshotting = startReader(bench, table);
  await waitFor(snapshotting, async () => {
    const checkpoint = await bench.checkpointOf(table);
    return checkpoint?.phase === 'streaming' ? checkpoint : undefined;
  });
  await stopReader(snapshotting);
  await commitRows(bench, table, size);

  const startedAt = performance.now();
  const reader = startReader(bench, table);
  const seqBeyond = (seq: number) => async () => {
    const next = (await bench.checkpointOf(table))?.nextSeq ?? 0;
    return next > seq ? next : undefined;
  };
  const firstSeq = await waitFor(reader, seqBeyond(2));
  const firstAt = performance.now();
  await waitFor(reader, seqBeyond(rows + 1));
  const endedAt = performance.now();
  const [peak, cpu] = [peakMb(reader.pid ?? 0), cpuSeconds(reader.pid ?? 0)];
  await stopReader(reader);
  const perSecond = Math.round(((rows + 2 - firstSeq) / (endedAt - firstAt)) * 1_000);
  const cells = [
    `transactions of ${size}`,
    `${rows} changes`,
    `${perSecond} changes/s`,
    `${((endedAt - startedAt) / 1_000).toFixed(1)} s with start`,
    `${cpu.toFixed(1)} s CPU`,
    `peak RSS ${Math.round(peak)} MB`,
  ];
  process.stdout.write(`${cells.join(' · ')}\n`);
}

const folder = mkdtempSync(path.join(tmpdir(), 'careplus-bench-'));
const bench = await open(folder);
try {
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${memoryGb} GB, Node ${process.version}, MariaDB and Kafka on the same machine\n`,
  );
  for (const size of transactionSizes) await measure(bench, size);
} finally {
  await bench.connection.end();
  await Promise.all([bench.mariadb.stop(), bench.broker.stop()]);
  removeState(path.join(folder, 'source'));
  removeState(path.join(folder, 'broker'));
  rmSync(folder, { recursive: true, force: true });
}
