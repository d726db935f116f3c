/**
 * The ticket table of the demo: its SQL, and the few statements that fill it and read where the live
 * changes must go on.
 *
 *   await createTicketTable(connection);
 *   await insertTickets(connection, rows);
 *   const begin = await readLiveBeginning(connection);
 *   await connection.query(change.sql, [...change.values]);
 *
 * The connection's own database is meant throughout.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { UNKNOWN_COUNT, type TicketRow } from './tickets.ts';

/** Where the live changes begin: what a restart needs to know of the table. */
export interface LiveBeginning {
  /** Tickets that may still change: the open ones and those with a defect. */
  readonly tickets: readonly TicketRow[];
  /** How many ids a day (`MMDD` of the id) has used already. */
  readonly usedIds: Readonly<Record<string, number>>;
}

export const ticketColumns = [
  'ticket_id',
  'created_at',
  'resolved_at',
  'agent',
  'priority',
  'num_interactions',
  'IssUeCat',
  'channel',
  'status',
  'agent_feedback',
] as const satisfies readonly (keyof TicketRow)[];

/** As at CarePlus: every column TEXT, no key. */
const createTableSql = `CREATE TABLE IF NOT EXISTS support_tickets (
${ticketColumns.map((column) => `  ${column} TEXT`).join(',\n')}
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;

export function insertSql(rows: number): string {
  const row = `(${ticketColumns.map(() => '?').join(', ')})`;
  const values = Array.from({ length: rows }, () => row).join(', ');
  return `INSERT INTO support_tickets (${ticketColumns.join(', ')}) VALUES ${values}`;
}

/** The row's values in the order of the columns. */
export function rowValues(row: TicketRow): (string | null)[] {
  return ticketColumns.map((column) => row[column]);
}

export async function createTicketTable(connection: Connection): Promise<void> {
  await connection.query(createTableSql);
}

/** Inserts in statements of `batchSize` rows, all in one transaction: a broken-off fill leaves none. */
export async function insertTickets(
  connection: Connection,
  rows: readonly TicketRow[],
  batchSize = 200,
): Promise<void> {
  await connection.beginTransaction();
  try {
    for (let from = 0; from < rows.length; from += batchSize) {
      const batch = rows.slice(from, from + batchSize);
      await connection.query(insertSql(batch.length), batch.flatMap(rowValues));
    }
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  }
}

/** @returns the tickets that may still change (oldest first) and the ids used so far. */
export async function readLiveBeginning(connection: Connection): Promise<LiveBeginning> {
  const [tickets] = await connection.query<RowDataPacket[]>(
    `SELECT DISTINCT ${ticketColumns.join(', ')} FROM support_tickets
     WHERE status = 'Open' OR num_interactions = ? ORDER BY created_at DESC LIMIT 300`,
    [UNKNOWN_COUNT],
  );
  const [used] = await connection.query<RowDataPacket[]>(
    `SELECT SUBSTRING(ticket_id, 4, 4) AS day, MAX(CAST(SUBSTRING(ticket_id, 8) AS UNSIGNED)) AS last
     FROM support_tickets WHERE ticket_id LIKE 'TCK%' GROUP BY day`,
  );
  return {
    tickets: (tickets as unknown as TicketRow[]).toReversed(),
    usedIds: Object.fromEntries(used.map((row) => [String(row['day']), Number(row['last']) + 1])),
  };
}
