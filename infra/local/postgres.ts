/**
 * PostgreSQL as the engine behind the local warehouse endpoint, on the loopback interface only.
 *
 *   const postgres = await startPostgres({ stateDir, port: 18405 });
 *   new Pool({ connectionString: postgres.url });
 *   await postgres.stop();
 *
 * Texts compare byte by byte (C collation), as in Redshift. The data stays in the state folder.
 */
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { startChild, type Child } from './child-process.ts';
import { buildFolder } from './one-shot.ts';
import { findPostgres } from './programs.mjs';
import { waitUntilReady } from './readiness.ts';
import { openDataFolder, openSecret, openStateFolders, serverUser } from './state-folders.ts';

export interface PostgresOptions {
  readonly stateDir: string;
  readonly port: number;
  /** Aborts the start (not the running server). */
  readonly signal?: AbortSignal | undefined;
}

export interface Postgres {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Mode 600. */
  readonly passwordFile: string;
  /** `postgresql://user:password@host:port/database` */
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const NAME = 'careplus';
const READY_TIMEOUT_MS = 60_000;

/**
 * Glibc's malloc (mallopt(3)): a large batch takes and leaves a hundred megabytes for each of its
 * sorts, and the kernel would clear every page of them anew, a tenth of the batch's time.
 */
const MEMORY_IS_KEPT = {
  MALLOC_MMAP_THRESHOLD_: '1000000000',
  MALLOC_TRIM_THRESHOLD_: '2000000000',
  MALLOC_TOP_PAD_: '16777216',
} as const;

/**
 * Starts the server, the first time with an empty cluster and the database `careplus`.
 * @throws {PipelineError} CFG_9003 if it is not installed, CFG_9006 if it does not become ready.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { stateDir, port, signal } = options;
  const folders = openStateFolders(stateDir);
  const user = serverUser('postgres');
  const folder = openDataFolder(stateDir, 'postgres', user);
  const dataDir = join(folder, 'data');
  const bin = programsFor(dataDir);
  const { file: passwordFile, password } = openSecret(stateDir, 'postgres');
  const logFile = join(folders.logs, 'postgres.log');
  const initial = join(folder, 'initdb.password');
  if (!existsSync(dataDir)) {
    writeFileSync(initial, password, { mode: 0o600 });
    if (user !== undefined) chownSync(initial, user.uid, user.gid);
  }
  await buildFolder(dataDir, (partial) => ({
    name: 'initdb',
    command: join(bin, 'initdb'),
    args: [
      ...['-D', partial, '-U', NAME, `--pwfile=${initial}`, '-A', 'scram-sha-256'],
      ...['--no-locale', '-E', 'UTF8'],
    ],
    runDir: folders.run,
    logFile,
    cwd: folder,
    user,
    signal,
  })).finally(() => rmSync(initial, { force: true }));

  const settings = {
    port,
    listen_addresses: HOST,
    unix_socket_directories: '',
    timezone: 'UTC',
    // What a large batch writes: else its own session writes pages and log out before it may go on.
    shared_buffers: '512MB',
    wal_buffers: '64MB',
    work_mem: '128MB',
    // A large batch would else be interrupted by checkpoints.
    max_wal_size: '2GB',
    // Nor wait for new segments of the log to be filled with zeros first.
    wal_init_zero: 'off',
    synchronous_commit: 'on',
    jit: 'off',
  };
  const child = await startChild({
    name: 'postgres',
    command: join(bin, 'postgres'),
    args: ['-D', dataDir, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    runDir: folders.run,
    logFile,
    cwd: folder,
    user,
    env: { ...process.env, ...MEMORY_IS_KEPT },
    // "Fast": ends the sessions and stops. SIGTERM would wait for the clients.
    stopSignal: 'SIGINT',
  });
  const login = { host: HOST, port, user: NAME, password } as const;
  await waitUntilReady(child, {
    timeoutMs: READY_TIMEOUT_MS,
    signal,
    probe: () => query({ ...login, database: 'postgres' }, createDatabase),
  });
  return {
    ...login,
    database: NAME,
    passwordFile,
    url: `postgresql://${NAME}:${password}@${HOST}:${port}/${NAME}`,
    child,
    async stop() {
      await child.stop();
    },
  };
}

/** The server's programs: of the data folder's version if there is one, else the oldest that will do. */
function programsFor(dataDir: string): string {
  const installed = findPostgres();
  const versionFile = join(dataDir, 'PG_VERSION');
  const needed = existsSync(versionFile) ? Number(readFileSync(versionFile, 'utf8')) : undefined;
  const chosen = installed.find(({ major }) => needed === undefined || major === needed);
  if (chosen !== undefined) return chosen.bin;
  throw new PipelineError(
    'CFG_9003',
    needed === undefined
      ? 'PostgreSQL is not installed: node setup.mjs installs it'
      : `the state folder was made by PostgreSQL ${needed}, which is not installed: ` +
          `apt-get install postgresql-${needed}, or begin anew with --fresh`,
  );
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [NAME]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${NAME}`);
}

async function query(
  login: pg.ClientConfig,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(login);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}
