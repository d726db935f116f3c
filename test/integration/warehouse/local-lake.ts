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
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import pg from 'pg';
import { vi } from 'vitest';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../../infra/local/aws-endpoint/faults-client.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { createDataApi, type DataApi } from '../../../runtime/redshift/data-api.ts';
import type { LakeDataset } from '../../../schemas/datasets/lake-dataset.ts';
import { latestBatchKey } from '../../../schemas/lake-layout.ts';
import { dataset, firehoseKey, imagesQuery, openParquetWriter, type Image } from './lake-images.ts';

const BUCKET = 'careplus-lake';
const ROOT = path.resolve(import.meta.dirname, '../../..');
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

type LogLine = Readonly<Record<string, unknown>>;

/** A running loader: the real daemon, started by the command. */
export interface RunningLoader {
  readonly lines: readonly LogLine[];
  /** Its exit code; null when a signal killed it. */
  readonly exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** A warehouse and a lake on the local AWS endpoint, a process of its own. */
export interface LocalLake extends AsyncDisposable {
  readonly database: pg.Client;
  readonly api: DataApi;
  readonly faults: FaultsClient;
  /** Puts the images as one object, as Firehose would. @returns its key. */
  deliver(images: readonly Image[], at?: Date): Promise<string>;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** The bytes of a Parquet file with the rows of a query in DuckDB's SQL. */
  parquet(query: string): Promise<Uint8Array>;
  /** A key as Firehose gives it, never the same twice. */
  newKey(at?: Date): string;
  startLoader(): RunningLoader;
  /** Starts the endpoint again after it was killed, on the same port and state. */
  restartEndpoint(): Promise<void>;
  readonly endpointExit: Promise<unknown>;
  /** What the loader last announced, of the tickets unless another dataset is asked for. */
  latest(of?: LakeDataset): Promise<LogLine | undefined>;
  /** Waits until the frontier of a source stands there and is shown. */
  frontier(source: string, seq: number): Promise<void>;
  /** status by ticket, as shown. */
  tickets(source: string): Promise<Readonly<Record<string, string>>>;
  /** Outcome and reason of an object. */
  ledger(key: string): Promise<readonly { outcome: string; reason: string | null }[]>;
}

export async function startLocalLake(): Promise<LocalLake> {
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  await using starting = new AsyncDisposableStack();
  const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-loader-'));
  starting.defer(() => rmSync(stateDir, { recursive: true, force: true }));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  starting.defer(() => postgres.stop());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startEndpoint = async (): Promise<ChildProcess> => {
    const args = ['infra/local/aws-endpoint/main.ts', '--port', String(port)];
    args.push('--state', path.join(stateDir, 'aws'), '--warehouse-url', postgres.url);
    const child = spawn(process.execPath, args, {
      ...{ cwd: ROOT, env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(createInterface(child.stdout), 'line');
    return child;
  };
  let endpoint = await startEndpoint();
  starting.defer(() => endChild(endpoint));
  const settings = { region: 'eu-central-1', endpoint: url, credentials };
  const s3 = new S3Client(settings);
  starting.defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const redshift = new RedshiftDataClient(settings);
  starting.defer(() => redshift.destroy());
  const database = new pg.Client(postgres.url);
  await database.connect();
  starting.defer(() => database.end());
  const writer = await openParquetWriter();
  starting.defer(() => writer.close());
  const configFile = path.join(stateDir, 'careplus.yaml');
  writeFileSync(configFile, configText(url));

  let objects = 0;
  const newKey = (at = new Date()) => firehoseKey(at, (objects += 1));
  const put = async (Key: string, Body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  };
  const running = starting.move();
  return {
    ...{ database, put, newKey },
    api: createDataApi({
      client: redshift,
      target: { workgroupName: 'careplus', database: 'careplus' },
    }),
    faults: createFaultsClient(url),
    parquet: (query) => writer.write(query),
    async deliver(images, at) {
      const key = newKey(at);
      await put(key, await writer.write(imagesQuery(images)));
      return key;
    },
    startLoader() {
      const child = spawn(
        process.execPath,
        ['operations/careplus.ts', 'run', 'warehouse-loader', '--config', configFile],
        { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      running.defer(() => endChild(child));
      const lines: LogLine[] = [];
      createInterface(child.stdout).on('line', (text) => lines.push(JSON.parse(text) as LogLine));
      const exit = once(child, 'exit').then(([code]) => code as number | null);
      return { lines, exit, kill: (signal) => void child.kill(signal) };
    },
    async restartEndpoint() {
      endpoint = await startEndpoint();
    },
    get endpointExit() {
      return once(endpoint, 'exit');
    },
    async latest(of = dataset) {
      const Key = latestBatchKey(of);
      try {
        const object = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        return JSON.parse((await object.Body?.transformToString()) ?? '') as LogLine;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async frontier(source, seq) {
      await vi.waitFor(
        async () => {
          const { rows } = await database.query<{ seq: string }>(
            'SELECT seq FROM ops.ticket_frontier WHERE source = $1 AND shown = 1',
            [source],
          );
          const at = rows[0]?.seq;
          if (Number(at) !== seq) throw new Error(`${source} stands at ${at ?? 'nothing'}`);
        },
        { timeout: 25_000, interval: 25 },
      );
    },
    async tickets(source) {
      const { rows } = await database.query<{ ticket_id: string; status: string }>(
        'SELECT ticket_id, status FROM careplus.tickets WHERE source = $1',
        [source],
      );
      return Object.fromEntries(rows.map(({ ticket_id, status }) => [ticket_id, status]));
    },
    async ledger(key) {
      const { rows } = await database.query<{ outcome: string; reason: string | null }>(
        'SELECT outcome, reason FROM ops.ticket_ledger WHERE object_key = $1',
        [key],
      );
      return rows;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function configText(endpoint: string): string {
  return `version: 1
kafka: { brokers: ['127.0.0.1:1'] } # not needed by the loader
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: { support-tickets: { database: care, table: tickets } }
aws: { region: eu-central-1, endpoint: '${endpoint}', bucket: ${BUCKET} }
firehose: { intervalSeconds: 0 }
warehouse:
  workgroup: careplus
  database: careplus
  copyRoleArn: arn:aws:iam::123456789012:role/copy
loader: { cadenceMs: 100, discoveryMs: 50 }
`;
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
