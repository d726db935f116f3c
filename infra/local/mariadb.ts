/**
 * MariaDB as the local stack's source server: row binlog with full images and metadata, GTIDs, on
 * the loopback interface only, durable across SIGKILL.
 *
 *   const mariadb = await startMariadb({ stateDir, port: 18404 });
 *   createConnection({ host: mariadb.host, port: mariadb.port, ...mariadb.admin });
 *   await mariadb.stop();
 *
 * `admin` may do everything (feed, tests that need further users); `reader` has what the reader
 * needs: REPLICATION SLAVE, BINLOG MONITOR, SELECT. The data stays in the state folder.
 */
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { startChild, type Child } from './child-process.ts';
import { buildFolder } from './one-shot.ts';
import { findMariadb } from './programs.mjs';
import { waitUntilReady } from './readiness.ts';
import { openDataFolder, openSecret, openStateFolders, serverUser } from './state-folders.ts';

export interface MariadbOptions {
  readonly stateDir: string;
  readonly port: number;
  /** Created if absent. Default `careplus_support_db`. */
  readonly database?: string;
  /** Extra lines of the server's configuration, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Aborts the start (not the running server). */
  readonly signal?: AbortSignal | undefined;
}

interface ServerLogin {
  readonly user: string;
  readonly password: string;
  /** Mode 600; the daemons' `passwordFile` points here. */
  readonly passwordFile: string;
}

export interface Mariadb {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly database: string;
  readonly admin: ServerLogin;
  readonly reader: ServerLogin;
  readonly child: Child;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 60_000;
/** InnoDB writes its dirty pages when it stops. */
const STOP_GRACE_MS = 30_000;
const WEEK_SECONDS = 7 * 24 * 60 * 60;

/**
 * Starts the server, the first time with an empty data folder and its users.
 * @throws {PipelineError} CFG_9003 if it is not installed, CFG_9006 if it does not become ready.
 */
export async function startMariadb(options: MariadbOptions): Promise<Mariadb> {
  const programs = findMariadb();
  if (programs === null) {
    throw new PipelineError('CFG_9003', 'MariaDB is not installed: node setup.mjs installs it');
  }
  const { stateDir, port, signal } = options;
  const database = options.database ?? 'careplus_support_db';
  const folders = openStateFolders(stateDir);
  const user = serverUser('mysql');
  const folder = openDataFolder(stateDir, 'mariadb', user);
  const admin = login(stateDir, 'careplus_admin', 'mariadb-admin');
  const reader = login(stateDir, 'careplus_reader', 'mariadb-reader');

  const writeForServer = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    if (user !== undefined) chownSync(file, user.uid, user.gid);
    return file;
  };
  const initFile = writeForServer('init.sql', initSql(database, admin, reader));
  const dataDir = join(folder, 'data');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  if (user !== undefined) chownSync(temporary, user.uid, user.gid);
  const places = { dataDir, initFile, temporary };
  const extra = Object.entries(options.settings ?? {}).map(
    ([name, value]) => `${name} = ${value}\n`,
  );
  const config = writeForServer('my.cnf', serverConfig(places, port) + extra.join(''));

  const logFile = join(folders.logs, 'mariadb.log');
  await buildFolder(dataDir, (partial) => ({
    name: 'mariadb-install-db',
    command: programs.installDb,
    args: [
      '--no-defaults',
      `--datadir=${partial}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    // A shell script, which cuts its --tmpdir at blanks.
    env: { ...process.env, TMPDIR: temporary },
    runDir: folders.run,
    logFile,
    cwd: folder,
    user,
    signal,
  }));
  const child = await startChild({
    name: 'mariadb',
    command: programs.server,
    args: [`--defaults-file=${config}`],
    runDir: folders.run,
    logFile,
    cwd: folder,
    user,
    graceMs: STOP_GRACE_MS,
  });
  await waitUntilReady(child, {
    timeoutMs: READY_TIMEOUT_MS,
    signal,
    async probe() {
      const connection = await createConnection({
        host: HOST,
        port,
        ...credentials(admin),
        database,
      });
      try {
        await connection.query('SELECT 1');
      } finally {
        await connection.end();
      }
    },
  });
  return {
    host: HOST,
    port,
    database,
    admin,
    reader,
    child,
    async stop() {
      await child.stop();
    },
  };
}

function login(stateDir: string, user: string, secret: string): ServerLogin {
  const { file, password } = openSecret(stateDir, secret);
  return { user, password, passwordFile: file };
}

function credentials({ user, password }: ServerLogin): { user: string; password: string } {
  return { user, password };
}

function serverConfig(
  { dataDir, initFile, temporary }: Readonly<Record<'dataDir' | 'initFile' | 'temporary', string>>,
  port: number,
): string {
  return `[mariadbd]
datadir = ${dataDir}
# Of its own: a server that starts deletes the temporary tables that others have in a shared one.
tmpdir = ${temporary}
init_file = ${initFile}
bind_address = ${HOST}
port = ${port}
# No Unix socket: its path may be at most 107 bytes, and nothing here uses one.
socket =
pid_file = ${dataDir}/mariadbd.pid
skip_name_resolve
server_id = 1
log_bin = mariadb-bin
binlog_format = ROW
binlog_row_image = FULL
binlog_row_metadata = FULL
gtid_strict_mode = ON
binlog_expire_logs_seconds = ${WEEK_SECONDS}
sync_binlog = 1
innodb_flush_log_at_trx_commit = 1
innodb_buffer_pool_size = 128M
max_allowed_packet = 64M
character_set_server = utf8mb4
collation_server = utf8mb4_uca1400_nopad_ai_ci
local_infile = OFF
`;
}

/** Run by the server before it takes connections, at every start; outside the binlog. */
function initSql(database: string, admin: ServerLogin, reader: ServerLogin): string {
  const account = ({ user }: ServerLogin) => `'${user}'@'${HOST}'`;
  return [
    'SET sql_log_bin = 0;',
    // The installation's root and anonymous users have no password.
    "DELETE FROM mysql.global_priv WHERE User IN ('', 'root');",
    'DELETE FROM mysql.proxies_priv;',
    'FLUSH PRIVILEGES;',
    ...[admin, reader].map(
      (each) => `CREATE OR REPLACE USER ${account(each)} IDENTIFIED BY PASSWORD '${hash(each)}';`,
    ),
    `GRANT ALL PRIVILEGES ON *.* TO ${account(admin)} WITH GRANT OPTION;`,
    // A table of an engine without transactions is locked for its snapshot.
    `GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, LOCK TABLES ON *.* TO ${account(reader)};`,
    `CREATE DATABASE IF NOT EXISTS \`${database}\`;`,
    'SET sql_log_bin = 1;',
    '',
  ].join('\n');
}

/** The hash of mysql_native_password, so that the file holds no password. */
function hash({ password }: ServerLogin): string {
  const once = createHash('sha1').update(password).digest();
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
}
