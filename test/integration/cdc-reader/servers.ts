import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import type { SourceLogin } from '../../../runtime/mysql/source-login.ts';
import { startMariadb } from '../../../infra/local/mariadb.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { freePorts } from '../local-stack/fixtures/free-ports.ts';

/** A source server with an administrator's connection to it. */
export interface Source {
  readonly database: string;
  /** The reader's login. */
  readonly login: SourceLogin;
  /** Where the reader's password stands; a server that was there before has no such file. */
  readonly passwordFile: string;
  /** Runs one statement, or several. */
  sql(text: string, values?: readonly unknown[]): Promise<unknown>;
  rows(text: string): Promise<Record<string, string | null>[]>;
  /** A session of its own, for settings and open transactions; closed by the caller. */
  connect(): Promise<Connection>;
  stop(): Promise<void>;
}

/**
 * Starts a MariaDB for one test file.
 *
 * @param settings extra lines of its configuration.
 */
export async function startSource(
  settings: Readonly<Record<string, string>> = {},
): Promise<Source> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-cdc-'));
  const [port = 0] = await freePorts(1);
  const mariadb = await startMariadb({ stateDir, port, database: 'careplus', settings });
  const { host, database, admin, reader } = mariadb;
  return openSource({
    database,
    admin: { host, port, user: admin.user, password: admin.password },
    reader: { host, port, user: reader.user, password: reader.password },
    passwordFile: reader.passwordFile,
    async close() {
      await mariadb.stop();
      removeState(stateDir);
    },
  });
}

/**
 * Uses a MySQL server that runs already, in a database of its own.
 *
 * @param address `mysql://user:password@host:port` of an administrator.
 */
export async function useMysql(address: string): Promise<Source> {
  const { hostname: host, port, username: user, password } = new URL(address);
  const admin = { host, port: Number(port), user, password };
  const own = randomBytes(4).toString('hex');
  const reader = { ...admin, user: `reader_${own}`, password: own };
  const connection = await createConnection({ ...admin, multipleStatements: true });
  await connection.query(
    `CREATE DATABASE careplus_${own}; CREATE USER '${reader.user}'@'%' IDENTIFIED BY '${own}';` +
      `GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD, SELECT ON *.* TO '${reader.user}'@'%'`,
  );
  return openSource({
    database: `careplus_${own}`,
    admin,
    reader,
    passwordFile: '',
    async close() {
      await connection.query(`DROP DATABASE careplus_${own}; DROP USER '${reader.user}'@'%'`);
      await connection.end();
    },
  });
}

async function openSource(server: {
  readonly database: string;
  readonly admin: SourceLogin;
  readonly reader: SourceLogin;
  readonly passwordFile: string;
  readonly close: () => Promise<void>;
}): Promise<Source> {
  const { database, admin, reader, passwordFile } = server;
  const connect = () =>
    createConnection({
      ...admin,
      database,
      charset: 'utf8mb4',
      timezone: 'Z',
      dateStrings: true,
      multipleStatements: true,
    });
  const connection = await connect();
  return {
    database,
    login: reader,
    passwordFile,
    sql: async (text, values = []) => (await connection.query(text, [...values]))[0],
    rows: async (text) => (await connection.query(text))[0] as Record<string, string | null>[],
    connect,
    async stop() {
      await connection.end();
      await server.close();
    },
  };
}
