/**
 * Fills the local source: a person's dump, generated tickets, or an empty table; and keeps
 * generated tickets living, so that the page moves.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { seededRandom } from './demo-data/random.ts';
import { liveTicketChanges } from './demo-data/live-tickets.ts';
import { createTicketTable, insertTickets, readLiveBeginning } from './demo-data/ticket-table.ts';
import { generateTickets } from './demo-data/tickets.ts';
import { loadDump } from './dump-loading.ts';
import type { Mariadb } from './mariadb.ts';
import type { Feed } from './state-file.ts';

type Server = Pick<Mariadb, 'host' | 'port' | 'database' | 'admin'>;

export interface FeedOptions {
  readonly feed: Feed;
  readonly mariadb: Server;
  /** An earlier load was broken off: what it left is dropped first. */
  readonly again: boolean;
  readonly signal: AbortSignal;
}

export interface LoadedFeed {
  /** Database that holds the captured table. */
  readonly database: string;
  readonly rows: number;
  /** What was changed on the way, in words. */
  readonly notes: readonly string[];
}

const FIRST_DAY = '2025-07-01';

/** Loads a feed into the source. @throws {PipelineError} CFG_9007 naming file and line. */
export async function loadFeed(options: FeedOptions): Promise<LoadedFeed> {
  const { feed, mariadb, signal } = options;
  if (options.again) await dropEverything(mariadb);
  const { database, notes } =
    feed.kind === 'dump'
      ? await loadDump({ file: feed.file, server: mariadb, signal })
      : await withConnection(mariadb, mariadb.database, async (connection) => {
          await createTicketTable(connection);
          if (feed.kind === 'generated') {
            const { rows } = generateTickets({ seed: feed.seed, firstDay: FIRST_DAY });
            await insertTickets(connection, rows);
          }
          return { database: mariadb.database, notes: [] };
        });
  const rows = await withConnection(mariadb, database, countTickets);
  return { database, rows, notes };
}

export interface LivingOptions {
  readonly server: Server;
  readonly database: string;
  readonly signal: AbortSignal;
}

/** Between two changes, in milliseconds: a pace that a person can watch. */
const PACE_MS = { least: 500, spread: 2_000 };

/** Changes tickets at a watchable pace until the signal aborts. */
export async function keepTicketsLiving({
  server,
  database,
  signal,
}: LivingOptions): Promise<void> {
  await withConnection(server, database, async (connection) => {
    const begin = await readLiveBeginning(connection);
    const random = seededRandom(Date.now());
    for (const change of liveTicketChanges({ random, begin, now: Date.now })) {
      await delay(PACE_MS.least + random() * PACE_MS.spread, undefined, { signal });
      await connection.execute(change.sql, [...change.values]);
    }
  });
}

async function withConnection<T>(
  server: Server,
  database: string,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { user, password } = server.admin;
  const { host, port } = server;
  const connection = await createConnection({ host, port, user, password, database });
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}

async function countTickets(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT COUNT(*) AS count FROM support_tickets',
  );
  return Number(rows[0]?.['count']);
}

const SYSTEM_DATABASES = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);

/** The server is the stack's own: all that it holds is the feed. */
async function dropEverything(server: Server): Promise<void> {
  await withConnection(server, server.database, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('SHOW DATABASES');
    for (const row of rows) {
      const name = String(row['Database']);
      if (!SYSTEM_DATABASES.has(name)) await connection.query('DROP DATABASE ??', [name]);
    }
    await connection.query('CREATE DATABASE ??', [server.database]);
  });
}
