import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { startMariadb, type Mariadb } from '../../../infra/local/mariadb.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import type { SourceLogin } from '../../../cdc-reader/config.ts';
import { freePorts } from '../local-stack/fixtures/free-ports.ts';

/** A source server with an administrator's connection to it. */
export interface Source {
  readonly mariadb: Mariadb;
  readonly login: SourceLogin;
  /** Runs one statement, or several. */
  sql(text: string, values?: readonly unknown[]): Promise<unknown>;
  rows(text: string): Promise<Record<string, string | null>[]>;
  /** A session of its own, for settings and open transactions; closed by the caller. */
  connect(): Promise<Connection>;
  stop(): Promise<void>;
}

export async function startSource(): Promise<Source> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-cdc-'));
  const [port = 0] = await freePorts(1);
  const mariadb = await startMariadb({ stateDir, port, database: 'careplus' });
  const { host, database, admin, reader } = mariadb;
  const connect = () =>
    createConnection({
      host,
      port,
      database,
      user: admin.user,
      password: admin.password,
      charset: 'utf8mb4',
      timezone: 'Z',
      dateStrings: true,
      multipleStatements: true,
    });
  const connection = await connect();
  return {
    mariadb,
    login: { host, port, user: reader.user, password: reader.password },
    sql: async (text, values = []) => (await connection.query(text, [...values]))[0],
    rows: async (text) => (await connection.query(text))[0] as Record<string, string | null>[],
    connect,
    async stop() {
      await connection.end();
      await mariadb.stop();
      removeState(stateDir);
    },
  };
}
