/**
 * Fills the local sources: a person's dump, generated tickets, or an empty table; generated log
 * files or an empty folder. A person's folder of logs is read where it is and never written to.
 * Keeps what was generated living, so that the page moves.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import { createLogWriter } from './demo-data/live-logs.ts';
import { generateLogs } from './demo-data/logs.ts';
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
  /** Folder for generated log files, or the empty one; a person's own is left alone. */
  readonly logFolder: string;
  readonly mariadb: Server;
  /** An earlier load was broken off: what it left is dropped first. */
  readonly again: boolean;
  readonly signal: AbortSignal;
}

export interface LoadedFeed {
  /** Database that holds the captured table. */
  readonly database: string;
  readonly rows: number;
  /** Generated log files that were written. */
  readonly logFiles: number;
  /** What was changed on the way, in words. */
  readonly notes: readonly string[];
}

const FIRST_DAY = '2025-07-01';

/** Loads a feed into the source. @throws {PipelineError} CFG_9007 naming file and line. */
export async function loadFeed(options: FeedOptions): Promise<LoadedFeed> {
  const { feed, mariadb, signal } = options;
  if (options.again) await dropEverything(mariadb);
  const { tickets } = feed;
  const { database, notes } =
    tickets.kind === 'dump'
      ? await loadDump({ file: tickets.file, server: mariadb, signal })
      : await withConnection(mariadb, mariadb.database, async (connection) => {
          await createTicketTable(connection);
          if (tickets.kind === 'generated') {
            await insertTickets(connection, ticketsOfMonth(tickets.seed));
          }
          return { database: mariadb.database, notes: [] };
        });
  const rows = await withConnection(mariadb, database, countTickets);
  return { database, rows, logFiles: fillLogFolder(feed, options.logFolder), notes };
}

function ticketsOfMonth(seed: number) {
  return generateTickets({ seed, firstDay: FIRST_DAY }).rows;
}

/** The daemons have not begun yet: what a broken-off load left may go. */
function fillLogFolder({ tickets, logs }: Feed, folder: string): number {
  if (logs.kind === 'folder') return 0;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (logs.kind === 'empty') return 0;
  const ofSeed = tickets.kind === 'generated' ? tickets.seed : logs.seed;
  const { files } = generateLogs({ seed: logs.seed, tickets: ticketsOfMonth(ofSeed) });
  for (const { name, text } of files) writeFileSync(path.join(folder, name), text);
  return files.length;
}

export interface LivingOptions {
  readonly server: Server;
  readonly database: string;
  /** Folder of generated log files that grow with the tickets. */
  readonly logFolder: string;
  readonly signal: AbortSignal;
}

/** Between two changes, in milliseconds: a pace that a person can watch. */
const PACE_MS = { least: 500, spread: 2_000 };

/** Changes tickets at a watchable pace until the signal aborts; the server logs each change. */
export async function keepFeedLiving(options: LivingOptions): Promise<void> {
  const { server, database, logFolder: folder, signal } = options;
  await withConnection(server, database, async (connection) => {
    const begin = await readLiveBeginning(connection);
    const random = seededRandom(Date.now());
    const now = await clockBehindTheTickets(connection);
    const log = createLogWriter({ folder, random, now });
    for (const change of liveTicketChanges({ random, begin, now })) {
      await delay(PACE_MS.least + random() * PACE_MS.spread, undefined, { signal });
      await connection.execute(change.sql, [...change.values]);
      await log.append(change.ticketId);
    }
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The demo lives on the day after its newest ticket, at today's time of day: a ticket of the
 * generated month that is resolved years later would spoil every mean.
 */
async function clockBehindTheTickets(connection: Connection): Promise<() => number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT MAX(LEFT(created_at, 10)) AS day FROM support_tickets',
  );
  const newest = Date.parse(`${String(rows[0]?.['day'])}T00:00:00Z`);
  if (Number.isNaN(newest)) return Date.now;
  const shiftMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - (newest + DAY_MS);
  return () => Date.now() - shiftMs;
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

/**
 * The datasets to capture from a database: those whose table is there. A dump may hold the tables
 * of several.
 */
export async function capturedDatasets(server: Server, database: string): Promise<TableDataset[]> {
  return withConnection(server, database, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT LOWER(TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
      [database],
    );
    const present = new Set(rows.map((row) => String(row['name'])));
    return tableDatasets.filter(({ sourceTable }) => present.has(sourceTable.toLowerCase()));
  });
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
