import { describe, expect, test } from 'vitest';
import { openSnapshot } from '../../../cdc-reader/snapshot.ts';
import type { SourceConnection, SourceRow } from '../../../cdc-reader/source-connection.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';

const ACCESS_DENIED = 1045;

/** A MySQL server in words: what its sessions are told, in order, and what each may do. */
function scriptedServer(refuses: (sql: string) => number | undefined) {
  const told: string[] = [];
  const answers = (sql: string): SourceRow[] => {
    if (sql.includes('information_schema.TABLES')) return [{ engine: 'InnoDB' }];
    if (sql.includes('gtid_executed')) return [{ gtids: 'uuid:1-9' }];
    if (sql.includes('UNIX_TIMESTAMP')) return [{ now: '1750000000' }];
    return [];
  };
  let sessions = 0;
  const connect = async (): Promise<SourceConnection> => {
    sessions += 1;
    const name = `s${sessions}`;
    return {
      flavour: 'mysql',
      version: '8.4.10',
      connectionId: sessions,
      lost: new AbortController().signal,
      async query(sql) {
        const errno = refuses(sql);
        if (errno !== undefined) throw Object.assign(new Error('Access denied'), { errno });
        if (/LOCK|TRANSACTION WITH|gtid/.test(sql)) told.push(`${name} ${sql}`);
        return answers(sql);
      },
      stream: () => {
        throw new TypeError('no rows are read here');
      },
      async [Symbol.asyncDispose]() {
        told.push(`${name} closed`);
      },
    };
  };
  return { told, connect };
}

const table = { dataset: supportTickets, database: 'd', table: 't' };

/** Up to where the table's columns are read: this server has none. */
async function begin(server: ReturnType<typeof scriptedServer>) {
  const connection = await server.connect();
  await openSnapshot(connection, table, server.connect).catch(() => undefined);
  return server.told;
}

describe('the view of a snapshot on MySQL', () => {
  test('begins and tells its place under the global lock', async () => {
    expect(await begin(scriptedServer(() => undefined))).toEqual([
      's1 FLUSH TABLES WITH READ LOCK',
      's1 START TRANSACTION WITH CONSISTENT SNAPSHOT',
      's1 SELECT @@GLOBAL.gtid_executed AS gtids',
      's1 UNLOCK TABLES',
    ]);
  });

  test('does so under a lock of the table, which another session holds, where that is refused', async () => {
    const server = scriptedServer((sql) => (sql.startsWith('FLUSH') ? ACCESS_DENIED : undefined));
    expect(await begin(server)).toEqual([
      's2 LOCK TABLES `d`.`t` READ',
      's1 START TRANSACTION WITH CONSISTENT SNAPSHOT',
      's1 SELECT @@GLOBAL.gtid_executed AS gtids',
      's2 closed',
    ]);
  });

  test('does not begin without any lock', async () => {
    const server = scriptedServer((sql) => (/^(FLUSH|LOCK)/.test(sql) ? ACCESS_DENIED : undefined));
    const connection = await server.connect();
    await expect(openSnapshot(connection, table, server.connect)).rejects.toThrow('Access denied');
    expect(server.told).toEqual(['s2 closed']);
  });

  test('takes any other failure of the lock for what it is', async () => {
    const LOCK_WAIT_TIMEOUT = 1205;
    const server = scriptedServer((sql) =>
      sql.startsWith('FLUSH') ? LOCK_WAIT_TIMEOUT : undefined,
    );
    const connection = await server.connect();
    await expect(openSnapshot(connection, table, server.connect)).rejects.toThrow();
    expect(server.told).toEqual([]);
  });
});
