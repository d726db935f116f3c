import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { startPostgres } from '../../../infra/local/postgres.ts';

export const BUCKET = 'careplus-lake';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** For clients of the endpoint. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

export type LogLine = Readonly<Record<string, unknown>>;

/** A running loader: the real daemon, started by the command. */
export interface RunningLoader {
  readonly pid: number;
  readonly lines: readonly LogLine[];
  /** Its exit code; null when a signal killed it. */
  readonly exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

interface LoaderOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The tree whose loader runs; by default this one. */
  readonly root?: string;
}

/** A warehouse and a lake on the local AWS endpoint, a process of its own. */
export interface LakeServers extends AsyncDisposable {
  /** Address of the endpoint. */
  readonly url: string;
  readonly database: pg.Client;
  readonly s3: S3Client;
  put(key: string, body: string | Uint8Array): Promise<void>;
  startLoader(options?: LoaderOptions): RunningLoader;
  /** Starts the endpoint again after it was killed, on the same port and state. */
  restartEndpoint(): Promise<void>;
  readonly endpointExit: Promise<unknown>;
}

/** What the endpoint is started with besides, made when PostgreSQL is there. */
export type Prepare = (postgresUrl: string, stateDir: string) => Promise<readonly string[]>;

export async function startLakeServers(prepare?: Prepare): Promise<LakeServers> {
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  await using starting = new AsyncDisposableStack();
  const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-loader-'));
  starting.defer(() => rmSync(stateDir, { recursive: true, force: true }));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  starting.defer(() => postgres.stop());
  const further = (await prepare?.(postgres.url, stateDir)) ?? [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startEndpoint = async (): Promise<ChildProcess> => {
    const args = ['infra/local/aws-endpoint/main.ts', '--port', String(port)];
    args.push('--state', path.join(stateDir, 'aws'), '--warehouse-url', postgres.url, ...further);
    const child = spawn(process.execPath, args, {
      ...{ cwd: ROOT, env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(createInterface(child.stdout), 'line');
    return child;
  };
  let endpoint = await startEndpoint();
  starting.defer(() => endChild(endpoint));
  const s3 = new S3Client({ region: 'eu-central-1', endpoint: url, credentials });
  starting.defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const database = new pg.Client(postgres.url);
  await database.connect();
  starting.defer(() => database.end());
  const configFile = path.join(stateDir, 'careplus.yaml');
  writeFileSync(configFile, configText(url));

  const running = starting.move();
  return {
    ...{ url, database, s3 },
    async put(Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    },
    startLoader({ environment = {}, root = ROOT } = {}) {
      const child = spawn(
        process.execPath,
        ['operations/careplus.ts', 'run', 'warehouse-loader', '--config', configFile],
        { cwd: root, env: { ...env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      running.defer(() => endChild(child));
      const lines: LogLine[] = [];
      createInterface(child.stdout).on('line', (text) => lines.push(JSON.parse(text) as LogLine));
      const exit = once(child, 'exit').then(([code]) => code as number | null);
      return { pid: child.pid ?? 0, lines, exit, kill: (signal) => void child.kill(signal) };
    },
    async restartEndpoint() {
      endpoint = await startEndpoint();
    },
    get endpointExit() {
      return once(endpoint, 'exit');
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
