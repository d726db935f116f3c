import { addAbortSignal } from 'node:stream';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2';
import { waitOrAbort } from '../../runtime/abortable-wait.ts';
import type { SourceConfig } from '../../runtime/config/config-schema.ts';
import { isCertificateFault } from '../../runtime/config/tls.ts';
import { sourceLogin } from '../../runtime/mysql/source-login.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { ErrorCodeName } from '../../schemas/error-codes.ts';

type Row = Readonly<Record<string, string | null>>;

/** One session on the source server. Every value comes as the text that the server sends. */
export interface SourceConnection extends AsyncDisposable {
  readonly flavour: 'mariadb' | 'mysql';
  query(sql: string, values?: readonly string[]): Promise<Row[]>;
  /** Rows as they arrive; the server is held back while they are not taken. */
  stream(sql: string): AsyncIterable<Row>;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects with the reader's account.
 *
 * @throws {PipelineError} CDC_1008 when the server refuses, CDC_1004 when it cannot be reached.
 */
export async function connectSource(
  config: SourceConfig,
  signal: AbortSignal,
): Promise<SourceConnection> {
  const connection = createConnection({
    ...(await sourceLogin(config)()),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    typeCast: (field) => field.string('utf8'),
  });
  // Failures also reject the query that is under way; without a listener they would end the process.
  connection.on('error', () => undefined);
  const run = (sql: string, values: readonly string[]) =>
    new Promise<Row[]>((resolve, reject) => {
      connection.query<RowDataPacket[]>(sql, [...values], (cause, rows) => {
        if (cause) reject(sourceError(cause));
        else resolve(rows);
      });
    });
  // The client knows no signal: on abort its answer is no longer waited for.
  const query = (sql: string, values: readonly string[] = []) =>
    waitOrAbort(run(sql, values), signal);
  try {
    await query("SET SESSION time_zone = '+00:00', sql_mode = ''");
    const [server] = await query('SELECT VERSION() AS version');
    const flavour = server?.['version']?.includes('MariaDB') ? 'mariadb' : 'mysql';
    return {
      flavour,
      query,
      stream: (sql) => streamRows(connection, sql, signal),
      [Symbol.asyncDispose]: async () => connection.destroy(),
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Transactions that the server has written to its binlog so far, as it names them. */
export async function currentGtid(connection: SourceConnection): Promise<string> {
  const name = connection.flavour === 'mariadb' ? 'gtid_binlog_pos' : 'gtid_executed';
  const [row] = await connection.query(`SELECT @@GLOBAL.${name} AS gtid`);
  return (row?.['gtid'] ?? '').replaceAll(/\s/g, '');
}

async function* streamRows(
  connection: Connection,
  sql: string,
  signal: AbortSignal,
): AsyncGenerator<Row, void, undefined> {
  const rows = addAbortSignal(signal, connection.query(sql).stream({ highWaterMark: 1_000 }));
  try {
    for await (const row of rows) yield row as Row;
  } catch (cause) {
    signal.throwIfAborted();
    throw sourceError(cause);
  }
}

/** Error numbers of MySQL and MariaDB that are about the table, not about the access. */
const tableErrors: Readonly<Record<string, ErrorCodeName>> = {
  ER_NO_SUCH_TABLE: 'CDC_1009',
  ER_BAD_DB_ERROR: 'CDC_1009',
};

function sourceError(cause: unknown): PipelineError {
  if (isCertificateFault(cause)) {
    return new PipelineError('CDC_1010', `source: ${errorText(cause)}`, { cause });
  }
  const { code, sqlState } = cause as { code?: unknown; sqlState?: unknown };
  const known = typeof code === 'string' ? tableErrors[code] : undefined;
  // An answer of the server carries an SQLSTATE; anything else is the connection.
  const errorCode = known ?? (typeof sqlState === 'string' ? 'CDC_1008' : 'CDC_1004');
  return new PipelineError(errorCode, `source: ${errorText(cause)}`, { cause });
}
