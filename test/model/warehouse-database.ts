import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../infra/local/postgres.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { glueTable } from '../../schemas/lake-layout.ts';
import { planOf } from '../../warehouse-loader/load-plan.ts';
import type { LoadStatement } from '../../warehouse-loader/load-statement.ts';
import { COPY_STEP } from '../../warehouse-loader/load-statements.ts';

/** A lake row by column name. */
export type LakeRow = Readonly<Record<string, string | number | null>>;

/** The warehouse's tables as the loader leaves them, on PostgreSQL at REPEATABLE READ. */
export interface WarehouseDatabase {
  readonly client: pg.Client;
  /**
   * Runs a batch's statements as one transaction, with the rows in the place of COPY.
   *
   * @param stopAfter rolls back after so many statements.
   */
  load(
    statements: readonly LoadStatement[],
    rows: readonly LakeRow[],
    stopAfter?: number,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a PostgreSQL of its own with the real migrations.
 *
 * @param migration for a dataset that has none among them.
 */
export async function openWarehouse(
  dataset: AnyDataset,
  migration?: string,
): Promise<WarehouseDatabase> {
  const stateDir = mkdtempSync(join(tmpdir(), 'careplus-model-'));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  const client = new pg.Client(postgres.url);
  await client.connect();
  // The test needs no durability.
  await client.query('SET synchronous_commit = off');
  await client.query(`CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS
    $$SELECT statement_timestamp() AT TIME ZONE 'UTC'$$;
    CREATE FUNCTION sha2(text, integer) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')$$`);
  for (const each of migrations()) await client.query(each);
  if (migration !== undefined) await client.query(migration);

  const { stage } = planOf(dataset).tables;
  const columns = glueTable(dataset).columns.map(({ name }) => name);
  const insert = `INSERT INTO copied (${columns.join(', ')})
    SELECT ${columns.join(', ')} FROM json_populate_recordset(CAST(NULL AS ${stage}), $1)`;

  return {
    client,
    async load(statements, rows, stopAfter = statements.length) {
      const copy = statements.findIndex(({ step }) => step === COPY_STEP);
      const run = (from: number, to: number) =>
        client.query(
          statements
            .slice(from, to)
            .map(({ sql }) => sql)
            .join(';\n'),
        );
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      try {
        await run(0, Math.min(copy, stopAfter));
        if (stopAfter > copy) {
          await client.query(insert, [JSON.stringify(rows)]);
          await run(copy + 1, stopAfter);
        }
        await client.query(stopAfter < statements.length ? 'ROLLBACK' : 'COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      }
    },
    async close() {
      await client.end();
      await postgres.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Empties all that a loader writes, whatever migrations have brought. */
export async function emptyWarehouse(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT concat(schemaname, '.', tablename) AS name FROM pg_tables
     WHERE schemaname IN ('careplus', 'ops') AND tablename <> 'migrations'`,
  );
  await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`);
}

/** The warehouse's migrations without what PostgreSQL does not know: how Redshift spreads and sorts rows. */
function migrations(): string[] {
  const folder = new URL('../../schemas/warehouse/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) =>
      readFileSync(new URL(name, folder), 'utf8').replace(
        /\)( DISTSTYLE \w+| DISTKEY \(\w+\)| COMPOUND| SORTKEY \([\w, ]+\))+;/g,
        ');',
      ),
    );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
