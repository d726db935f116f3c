import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { Faults } from '../../../infra/local/aws-endpoint/faults.ts';
import { EndpointStats } from '../../../infra/local/aws-endpoint/endpoint-stats.ts';
import { createRedshiftDataService } from '../../../infra/local/aws-endpoint/redshift/data-api.ts';
import { ObjectStore } from '../../../infra/local/aws-endpoint/s3/object-store.ts';
import { createS3Service } from '../../../infra/local/aws-endpoint/s3/s3-service.ts';
import { startEndpoint } from '../../../infra/local/aws-endpoint/server.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { createDataApi, type DataApi } from '../../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../../runtime/redshift/redshift-client.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { recomputeLogSums } from '../../../warehouse-loader/log-sum-statements.ts';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';

/** The loader's sums of the entries, made anew from them. */
const summedAnew = supportLogs.summary
  ? recomputeLogSums(supportLogs, supportLogs.summary, 'careplus.log_entry')
  : [];

export const SOURCE = 'shop.care.tickets';
export const EPOCH = 1_750_000_000;

/** A row of `careplus.ticket_state`; what is left out is that of a plain accepted ticket. */
interface StateRow {
  readonly ticket_id: string | null;
  readonly source?: string;
  readonly epoch?: number;
  readonly copies?: number;
  readonly is_latest?: 0 | 1;
  readonly accepted?: 0 | 1;
  readonly rules_version?: number;
  /** ISO, UTC. */
  readonly created?: string;
  readonly resolved?: string;
  readonly agent?: string;
  readonly priority?: string;
  readonly num_interactions?: number;
  readonly issue_category?: string;
  readonly channel?: string;
  readonly status?: string;
  readonly reasons?: string;
}

/** A row of `careplus.log_entry`; what is left out is that of a plain accepted entry. */
interface LogEntryRow {
  /** Of an accepted entry its message, of another its original. */
  readonly message: string;
  readonly copies?: number;
  readonly accepted?: 0 | 1;
  readonly rules_version?: number;
  /** ISO, UTC. */
  readonly logged?: string;
  readonly log_level?: string;
  readonly component?: string;
  readonly event_type?: string;
  readonly user_agent?: string | null;
  readonly ticket_id?: string | null;
  readonly response_time_ms?: number | null;
  readonly cpu_percent_hundredths?: number | null;
  readonly is_error?: 0 | 1;
  readonly reasons?: string;
}

/** A warehouse with the real migrations behind the local AWS endpoint, and its lake. */
export interface LocalWarehouse {
  readonly url: string;
  readonly api: DataApi;
  /** Straight into PostgreSQL, where the loader's place is taken by the test. */
  readonly database: pg.Client;
  /** A second connection, for what happens meanwhile. */
  readonly loader: pg.Client;
  putRows(rows: readonly StateRow[]): Promise<void>;
  /** Entries of one file of the host `app-1`, 100 bytes each copy. */
  putLogEntries(rows: readonly LogEntryRow[]): Promise<void>;
  close(): Promise<void>;
}

const workgroup = { workgroupName: 'careplus', database: 'careplus' } as const;

export async function startLocalWarehouse(): Promise<LocalWarehouse> {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
  await using started = new AsyncDisposableStack();
  const stateDir = mkdtempSync(join(tmpdir(), 'careplus-dashboard-'));
  started.defer(() => rmSync(stateDir, { recursive: true, force: true }));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  started.defer(() => postgres.stop());
  const faults = new Faults();
  const stats = new EndpointStats();
  const store = await ObjectStore.open(join(stateDir, 's3'));
  const endpoint = await startEndpoint({
    port: 0,
    services: new Map([
      [
        'redshift-data',
        createRedshiftDataService({
          connectionString: postgres.url,
          fetchObject: () => Promise.resolve(undefined),
        }),
      ],
    ]),
    s3: createS3Service({ store, faults, stats }),
    faults,
    stats,
    onError: (error) => {
      throw error;
    },
  });
  started.defer(() => endpoint.close());
  const client = createRedshiftDataClient({
    region: 'eu-central-1',
    endpoint: endpoint.url,
    bucket: 'lake',
  });
  started.defer(() => client.destroy());
  const api = createDataApi({ client, target: workgroup });
  await migrate(api, readMigrations(), {
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
  const database = new pg.Client(postgres.url);
  const loader = new pg.Client(postgres.url);
  for (const connection of [database, loader]) {
    await connection.connect();
    started.defer(() => connection.end());
  }
  await database.query(
    `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
     VALUES ('${SOURCE}', ${EPOCH}, 41, 1, 1, 1, 1760000000000),
       ('${SOURCE}', ${EPOCH - 1}, 99, 1, 0, 0, 1750000000000)`,
  );
  let seq = 0;
  const running = started.move();
  return {
    url: endpoint.url,
    api,
    database,
    loader,
    async putRows(rows) {
      const values = rows.map((row) => {
        seq += 1;
        const { created = '2025-07-01T10:00:00Z', resolved, ...columns } = row;
        const state = {
          source: SOURCE,
          epoch: EPOCH,
          image_id: String(seq).padStart(32, '0'),
          key_hash: String(seq).padStart(32, '0'),
          event_seq: seq,
          rank: 0,
          copies: 1,
          is_latest: 1,
          accepted: 1,
          rules_version: 1,
          agent: 'Ann',
          priority: 'High',
          num_interactions: 1,
          issue_category: 'Bug',
          channel: 'Email',
          status: 'Open',
          book_day: created.slice(0, 10),
          committed_ms: 1_760_000_000_000,
        };
        const times = {
          created_at_ms: Date.parse(created),
          resolved_at_ms: resolved === undefined ? null : Date.parse(resolved),
        };
        return { ...state, ...times, ...columns };
      });
      await database.query(
        `INSERT INTO careplus.ticket_state
         SELECT * FROM json_populate_recordset(CAST(NULL AS careplus.ticket_state), $1)`,
        [JSON.stringify(values)],
      );
    },
    async putLogEntries(rows) {
      const values = rows.map((row, index) => {
        const { message, logged = '2025-07-01T10:00:00Z', accepted = 1, ...columns } = row;
        return {
          ...{ entry_id: String(index).padStart(32, '0'), host: 'app-1', generation: '1-a' },
          ...{ pos: index, copies: 1, rules_version: 1, accepted, log_level: 'INFO' },
          ...{ component: 'careplus.support', ticket_id: 'T1', response_time_ms: 500 },
          ...{ cpu_percent_hundredths: 2_764, event_type: 'generic_event', is_error: 0 },
          ...{ sort_ms: Date.parse(logged), logged_at_ms: Date.parse(logged) },
          ...{ book_day: logged.slice(0, 10), read_at_ms: 1_760_000_000_000 },
          ...(accepted === 1 ? { message } : { original: message, original_encoding: 'utf8' }),
          ...columns,
        };
      });
      const bytes = 100 * rows.reduce((sum, { copies = 1 }) => sum + copies, 0);
      await database.query(
        `INSERT INTO careplus.log_entry
         SELECT * FROM json_populate_recordset(CAST(NULL AS careplus.log_entry), $1)`,
        [JSON.stringify(values)],
      );
      for (const sql of summedAnew) await database.query(sql);
      await database.query(
        `INSERT INTO ops.log_frontier (host, generation, generation_start, upto, read_at_ms)
         VALUES ('app-1', '1-a', 0, ${bytes}, 1760000000000)`,
      );
    },
    close: () => running.disposeAsync(),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
