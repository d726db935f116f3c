import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createConnection,
  type Connection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveTicketChanges } from '../../../infra/local/demo-data/live-tickets.ts';
import { seededRandom } from '../../../infra/local/demo-data/random.ts';
import {
  createTicketTable,
  insertTickets,
  readLiveBeginning,
  ticketColumns,
} from '../../../infra/local/demo-data/ticket-table.ts';
import { generateTickets } from '../../../infra/local/demo-data/tickets.ts';
import { startMariadb, type Mariadb } from '../../../infra/local/mariadb.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { freePorts } from './fixtures/free-ports.ts';

const month = generateTickets({ seed: 11, firstDay: '2025-07-01' });
const noon = Date.parse('2025-08-01T12:00:00Z');

let stateDir = '';
let mariadb: Mariadb;
let connection: Connection;

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-demo-'));
  const [port = 0] = await freePorts(1);
  mariadb = await startMariadb({ stateDir, port });
  const { host, database, admin } = mariadb;
  const { user, password } = admin;
  connection = await createConnection({ host, port, database, user, password });
  await createTicketTable(connection);
  await insertTickets(connection, month.rows);
});

afterAll(async () => {
  await connection.end();
  await mariadb.stop();
  removeState(stateDir);
});

describe('the demo’s tickets in MariaDB', () => {
  it('are stored as they were made, all columns TEXT and without a key', async () => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT * FROM support_tickets');
    expect(rows.map((row) => JSON.stringify(row, [...ticketColumns])).sort()).toEqual(
      month.rows.map((row) => JSON.stringify(row, [...ticketColumns])).sort(),
    );
    const [columns] = await connection.query<RowDataPacket[]>('SHOW COLUMNS FROM support_tickets');
    expect(columns.map(({ Field, Type, Key }) => [Field, Type, Key].map(String))).toEqual(
      ticketColumns.map((name) => [name, 'text', '']),
    );
  });

  it('live on: each change hits at least one row, and a restart goes on with new ids', async () => {
    const newIds: string[] = [];
    for (const seed of [1, 2]) {
      const begin = await readLiveBeginning(connection);
      const changes = liveTicketChanges({ random: seededRandom(seed), now: () => noon, begin });
      for (let change = 0; change < 150; change++) {
        const { kind, ticketId, sql, values } = changes.next().value;
        const [result] = await connection.query<ResultSetHeader>(sql, [...values]);
        expect(result.affectedRows, `${kind} ${ticketId}`).toBeGreaterThan(0);
        if (kind === 'new') newIds.push(ticketId);
      }
    }
    expect(newIds.length).toBeGreaterThan(20);
    expect(new Set(newIds).size).toBe(newIds.length);
  });
});
