import { addAbortSignal, type Readable } from 'node:stream';
import { createConnection, type Connection } from 'mysql2';
import { waitOrAbort } from '../runtime/abortable-wait.ts';
import type { ReadSourceLogin } from '../runtime/mysql/source-login.ts';
import type { ServerFlavour } from './gtid-position.ts';

/** A row of a query for numbers and texts; what does not fit a number exactly is a text. */
export type SourceRow = Readonly<Record<string, string | number | null>>;

/** A connection for queries. Every failure makes it useless: close it and open another one. */
export interface SourceConnection extends AsyncDisposable {
  readonly flavour: ServerFlavour;
  readonly version: string;
  readonly connectionId: number;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
  query(sql: string, values?: readonly unknown[]): Promise<SourceRow[]>;
  /** Rows of a query as the bytes of the text protocol, by position, with backpressure. */
  stream(sql: string): Readable;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Rows of a streamed query that may wait. */
const STREAM_ROWS = 256;

/** Opens a connection whose times are UTC and whose texts are utf8mb4. Rejects as the driver does. */
export async function openSource(
  login: ReadSourceLogin,
  signal: AbortSignal,
): Promise<SourceConnection> {
  signal.throwIfAborted();
  const connection = createConnection({
    ...(await login()),
    charset: 'utf8mb4',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
  });
  const lost = new AbortController();
  connection.on('error', (error) => lost.abort(error));
  connection.on('end', () => lost.abort(new Error('the connection was closed')));
  try {
    const query = async (sql: string, values: readonly unknown[] = []): Promise<SourceRow[]> => {
      const [rows] = await waitOrAbort(connection.promise().query(sql, [...values]), signal);
      return Array.isArray(rows) ? (rows as SourceRow[]) : [];
    };
    const [row] = await query('SELECT VERSION() AS version, CONNECTION_ID() AS id');
    const version = String(row?.['version']);
    return {
      version,
      flavour: /mariadb/i.test(version) ? 'mariadb' : 'mysql',
      connectionId: Number(row?.['id']),
      lost: lost.signal,
      query,
      stream: (sql) =>
        addAbortSignal(
          signal,
          connection
            .query({ sql, rowsAsArray: true, typeCast: false })
            .stream({ highWaterMark: STREAM_ROWS }),
        ),
      [Symbol.asyncDispose]: async () => close(connection),
    };
  } catch (error) {
    close(connection);
    throw error;
  }
}

/** At once: whatever still runs on the server ends with its connection. */
function close(connection: Connection): void {
  connection.removeAllListeners('error');
  connection.on('error', () => undefined);
  connection.destroy();
}
