import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { startPostgres } from '../../../infra/local/postgres.ts';
import type { FaultRule } from '../../../infra/local/aws-endpoint/faults.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';
import { latestBatchKey } from '../../../schemas/lake-layout.ts';

export const dataset = supportTickets;
export const SOURCE = 'shop.care.tickets';
export const EPOCH = 1_750_000_000;
const BUCKET = 'careplus-lake';
const ROOT = path.resolve(import.meta.dirname, '../../..');
const columns = imageRowColumns(dataset);

/** A row of the lake; what is left out is NULL, or that of an accepted ticket. */
export interface Image {
  readonly seq: number;
  readonly kind: '+' | '-' | 'T' | 'E' | 'X';
  readonly ticket?: string;
  readonly status?: string;
  readonly epoch?: number;
  readonly txEnd?: boolean;
  readonly version?: number;
}

/** A running loader: the real daemon, started by the command. */
export interface RunningLoader {
  readonly process: ChildProcess;
  /** Log lines so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Its exit code. */
  readonly exit: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** PostgreSQL, the local AWS endpoint as a process of its own, and a lake with one bucket. */
export interface LocalLake extends AsyncDisposable {
  readonly database: pg.Client;
  readonly s3: S3Client;
  /** Puts an object as Firehose would. @returns its key. */
  deliver(images: readonly Image[], options?: { readonly key?: string }): Promise<string>;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** The bytes of a Parquet file made by a query in DuckDB's SQL. */
  parquet(query: string): Promise<Uint8Array>;
  startLoader(): RunningLoader;
  /** What the loader last announced. */
  latest(): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** ticket → status, as shown. */
  tickets(): Promise<Readonly<Record<string, string>>>;
  ledger(): Promise<readonly { object_key: string; outcome: string; reason: string | null }[]>;
  fault(rule: FaultRule): Promise<void>;
  stats(): Promise<Readonly<Record<string, unknown>>>;
}

export async function startLocalLake(): Promise<LocalLake> {
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  await using starting = new AsyncDisposableStack();
  const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-loader-'));
  starting.defer(() => rmSync(stateDir, { recursive: true, force: true }));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  starting.defer(() => postgres.stop());
  const endpoint = spawn(
    process.execPath,
    [
      'infra/local/aws-endpoint/main.ts',
      ...['--port', '0', '--state', path.join(stateDir, 'aws'), '--warehouse-url', postgres.url],
    ],
    { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  starting.defer(() => endChild(endpoint));
  const [line] = (await once(createInterface(endpoint.stdout), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const s3 = new S3Client({ region: 'eu-central-1', endpoint: url, credentials });
  starting.defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const database = new pg.Client(postgres.url);
  await database.connect();
  starting.defer(() => database.end());
  const duckdb = await DuckDBInstance.create(':memory:');
  const connection = await duckdb.connect();
  starting.defer(() => {
    connection.closeSync();
    duckdb.closeSync();
  });

  const configFile = path.join(stateDir, 'careplus.yaml');
  writeFileSync(configFile, configText(url));
  let files = 0;
  const put = async (Key: string, Body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  };
  const parquet = async (query: string): Promise<Uint8Array> => {
    const { readFile } = await import('node:fs/promises');
    files += 1;
    const file = path.join(stateDir, `${files}.parquet`);
    await connection.run(`COPY (${query}) TO '${file}' (FORMAT parquet)`);
    return readFile(file);
  };

  const running = starting.move();
  return {
    database,
    s3,
    put,
    parquet,
    async deliver(images, { key = firehoseKey(new Date(), files) } = {}) {
      await put(
        key,
        await parquet(
          `SELECT ${columns.map(castColumn).join(', ')} FROM (${images
            .map((image) => `SELECT ${literals(image)}`)
            .join(' UNION ALL ')})`,
        ),
      );
      return key;
    },
    startLoader() {
      const child = spawn(
        process.execPath,
        ['operations/careplus.ts', 'run', 'warehouse-loader', '--config', configFile],
        { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const lines: Record<string, unknown>[] = [];
      createInterface(child.stdout).on('line', (text) => {
        lines.push(JSON.parse(text) as Record<string, unknown>);
      });
      const exit = once(child, 'exit').then(([code]) => code as number | null);
      running.defer(() => endChild(child));
      return {
        ...{ process: child, lines, exit },
        stop: () => {
          child.kill('SIGTERM');
          return exit;
        },
      };
    },
    async latest() {
      try {
        const object = await s3.send(
          new GetObjectCommand({ Bucket: BUCKET, Key: latestBatchKey(dataset) }),
        );
        return JSON.parse((await object.Body?.transformToString()) ?? '') as Record<
          string,
          unknown
        >;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async tickets() {
      const { rows } = await database.query<{ ticket_id: string; status: string }>(
        'SELECT ticket_id, status FROM careplus.tickets ORDER BY ticket_id',
      );
      return Object.fromEntries(rows.map(({ ticket_id, status }) => [ticket_id, status]));
    },
    async ledger() {
      const { rows } = await database.query<{
        object_key: string;
        outcome: string;
        reason: string | null;
      }>('SELECT object_key, outcome, reason FROM ops.ticket_ledger ORDER BY object_key');
      return rows;
    },
    async fault(rule) {
      const response = await fetch(`${url}/__faults`, {
        method: 'POST',
        body: JSON.stringify(rule),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async stats() {
      return (await (await fetch(`${url}/__stats`)).json()) as Record<string, unknown>;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The key that Firehose gives an object that arrived then. */
export function firehoseKey(at: Date, number: number): string {
  const iso = at.toISOString();
  const stamp = iso.slice(0, 19).replaceAll(/[T:]/g, '-');
  const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return `${dataset.name}/processed/dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/${dataset.stream}-1-${stamp}-${uuid}.parquet`;
}

function configText(endpoint: string): string {
  return `version: 1
kafka: { brokers: ['127.0.0.1:1'] }
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: { support-tickets: { database: care, table: tickets } }
aws: { region: eu-central-1, endpoint: '${endpoint}', bucket: ${BUCKET} }
firehose: { intervalSeconds: 1 }
warehouse: { workgroup: careplus, database: careplus, copyRoleArn: 'arn:aws:iam::123456789012:role/copy' }
loader: { cadenceMs: 100, discoveryMs: 50 }
`;
}

function castColumn({ name, glueType }: (typeof columns)[number]): string {
  const type = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' }[glueType];
  return `CAST(${name} AS ${type}) AS ${name}`;
}

/** The image's columns as literals: one content per ticket and status. */
function literals({ seq, kind, ticket, status, epoch, txEnd, version }: Image): string {
  const isImage = kind !== 'T' && kind !== 'E';
  const hash = (text: string) => `md5('${text}')`;
  const image = kind === 'X' ? `'x:${seq}'` : hash(`${ticket}/${status}`);
  const known: Record<string, string> = {
    ...{ source: `'${SOURCE}'`, epoch: `${epoch ?? EPOCH}`, seq: `${seq}`, kind: `'${kind}'` },
    tx_end: txEnd === false ? '0' : '1',
    key_hash: isImage ? hash(String(ticket)) : `''`,
    image_id: isImage ? image : `''`,
    rank: kind === 'X' ? '9007199254740000' : `${seq}`,
    rules_version: kind === '+' || kind === '-' ? `${version ?? 1}` : '0',
    accepted: kind === '+' || kind === '-' ? '1' : '0',
    ticket_id: ticket === undefined ? 'NULL' : `'${ticket}'`,
    status: status === undefined ? 'NULL' : `'${status}'`,
    created_at_ms: '1751364000000',
    committed_ms: `${1_751_364_000_000 + seq * 1000}`,
  };
  return columns.map(({ name }) => `${known[name] ?? 'NULL'} AS ${name}`).join(', ');
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
