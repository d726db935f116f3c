/** What a BI tool meets when it speaks PostgreSQL to the warehouse. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { BI_USER } from '../../../infra/local/aws-endpoint/redshift/warehouse.ts';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';
import { startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();
const PASSWORD = 'only-in-this-test';
/** Owner of the views on AWS; Redshift folds quoted names too. */
const LOADER = '"iamr:careplus-warehouse-loader"';

let warehouse: LocalWarehouse;
/** The reader that dashboards/bi-user.sql makes, and nothing else made before. */
let reader: pg.Client;

beforeAll(async () => {
  await using started = new AsyncDisposableStack();
  warehouse = await startLocalWarehouse();
  started.defer(() => warehouse.close());
  const { database } = warehouse;
  await database.query(
    `DROP OWNED BY ${BI_USER}; DROP ROLE ${BI_USER};
     CREATE ROLE ${LOADER}; GRANT USAGE, CREATE ON SCHEMA reporting TO ${LOADER}`,
  );
  const sql = readFileSync(new URL('../../../dashboards/bi-user.sql', import.meta.url), 'utf8');
  await warehouse.api.runBatch(
    { name: 'bi-user', token: 'bi-user', statements: splitStatements(sql) },
    { signal },
  );
  await database.query(`ALTER USER ${BI_USER} PASSWORD '${PASSWORD}'`);
  const { host, port, database: name } = database;
  reader = new pg.Client({ host, port, database: name, user: BI_USER, password: PASSWORD });
  await reader.connect();
  started.defer(() => reader.end());
  const running = started.move();
  return () => running.disposeAsync();
}, 60_000);

async function column(sql: string): Promise<string[]> {
  const { rows } = await warehouse.database.query<{ value: string }>(sql);
  return rows.map(({ value }) => value);
}

const relations = (where: string) =>
  column(
    `SELECT format('%I.%I', n.nspname, c.relname) AS value
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND ${where} ORDER BY 1`,
  );

/** Views of `reporting` and their columns that do not say what they mean. */
const uncommented = () =>
  column(
    `SELECT c.relname || coalesce('.' || a.attname, '') AS value
     FROM pg_class c
     LEFT JOIN LATERAL (
       SELECT NULL AS attname, 0 AS attnum
       UNION ALL
       SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
     ) a ON true
     LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum
     WHERE c.relnamespace = 'reporting'::regnamespace AND coalesce(trim(d.description), '') = ''
     ORDER BY 1`,
  );

describe('the catalogue', () => {
  it('says of every view and column of `reporting` what it means', async () => {
    expect(await uncommented()).toEqual([]);
  });

  it('is seen to be silent where a migration forgets it', async () => {
    const { database } = warehouse;
    await database.query('BEGIN');
    try {
      await database.query('CREATE VIEW reporting.forgotten AS SELECT 1 AS one');
      await database.query("COMMENT ON VIEW reporting.tickets IS ' '");
      expect(await uncommented()).toEqual(['forgotten', 'forgotten.one', 'tickets']);
    } finally {
      await database.query('ROLLBACK');
    }
  });

  it('holds views only', async () => {
    expect(await relations("n.nspname = 'reporting' AND c.relkind <> 'v'")).toEqual([]);
    expect((await relations("n.nspname = 'reporting'")).length).toBeGreaterThan(6);
  });
});

describe('the reader', () => {
  it('reads every view of `reporting`', async () => {
    await warehouse.putRows([{ ticket_id: 'T1', copies: 2 }, { ticket_id: 'T2' }]);
    const { rows } = await reader.query('SELECT ticket_id FROM reporting.tickets ORDER BY 1');
    expect(rows).toEqual([{ ticket_id: 'T1' }, { ticket_id: 'T2' }]);
    for (const view of await relations("n.nspname = 'reporting'")) {
      await expect(reader.query(`SELECT * FROM ${view} LIMIT 1`)).resolves.toBeDefined();
    }
  });

  it('reads a view that a later migration brings', async () => {
    const { loader } = warehouse;
    await loader.query(`SET ROLE ${LOADER}`);
    await loader.query('CREATE VIEW reporting.later AS SELECT 1 AS one');
    try {
      expect((await reader.query('SELECT one FROM reporting.later')).rows).toEqual([{ one: 1 }]);
    } finally {
      await loader.query('DROP VIEW reporting.later; RESET ROLE');
    }
  });

  it('is refused every table and view of every other schema', async () => {
    const others = await relations(
      "n.nspname NOT IN ('reporting', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'",
    );
    expect(others).toEqual(expect.arrayContaining(['careplus.tickets', 'ops.ticket_frontier']));
    for (const other of others) {
      await expect(reader.query(`SELECT 1 FROM ${other}`), other).rejects.toThrow(
        /permission denied for (schema|table|view)/,
      );
    }
  });

  it.each([
    'CREATE TABLE reporting.mine (a INT)',
    'CREATE TABLE public.mine (a INT)',
    'CREATE SCHEMA mine',
    'DROP VIEW reporting.tickets',
    `ALTER ROLE ${BI_USER} SUPERUSER`,
  ])('changes nothing: %s', async (sql) => {
    await expect(reader.query(sql)).rejects.toThrow(
      /permission denied|must be owner|must be superuser/,
    );
  });
});

/** What tools ask before they show a person anything, and what each answer must hold. */
const introspection: readonly (readonly [string, string])[] = [
  [
    'schemas and tables by the standard',
    `SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  ],
  [
    'columns by the standard',
    `SELECT DISTINCT table_schema AS schema, table_name AS name FROM information_schema.columns
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  ],
  [
    'tables as a JDBC driver lists them, by what may be read',
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0
       AND d.classoid = 'pg_class'::regclass
     WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_|^information_schema$'
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`,
  ],
  [
    'views with their texts',
    `SELECT schemaname AS schema, viewname AS name FROM pg_catalog.pg_views
     WHERE has_schema_privilege(schemaname, 'USAGE') AND definition IS NOT NULL
       AND schemaname NOT IN ('pg_catalog', 'information_schema')`,
  ],
  [
    'tables as the ODBC driver of Redshift lists them',
    `SELECT table_schema AS schema, table_name AS name FROM SVV_TABLES
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND remarks <> ''`,
  ],
  [
    'columns as the ODBC driver of Redshift lists them',
    `SELECT DISTINCT table_schema AS schema, table_name AS name FROM svv_columns
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND remarks <> ''
       AND data_type IS NOT NULL AND ordinal_position > 0`,
  ],
];

describe('a tool that looks round', () => {
  it.each(introspection)(
    'finds the views of `reporting` and nothing else: %s',
    async (_what, sql) => {
      const { rows } = await reader.query<{ schema: string; name: string }>(sql);
      const found = rows.map(({ schema, name }) => `${schema}.${name}`).sort();
      expect(found).toEqual(await relations("n.nspname = 'reporting'"));
    },
  );

  it('finds what its search path leads to in PG_TABLE_DEF', async () => {
    const columns = `SELECT tablename, "column", type FROM pg_table_def WHERE schemaname = 'reporting' AND tablename = 'tickets' AND "column" = 'created_at'`;
    expect((await reader.query(columns)).rows).toEqual([]);
    await reader.query('SET search_path TO reporting');
    const { rows } = await reader.query(columns);
    await reader.query('RESET search_path');
    expect(rows).toEqual([
      { tablename: 'tickets', column: 'created_at', type: 'timestamp without time zone' },
    ]);
  });

  it.each(['stv_sessions', 'stl_query', 'sys_query_history', 'svv_external_tables'])(
    'is told plainly that %s is not here',
    async (name) => {
      await expect(reader.query(`SELECT * FROM ${name}`)).rejects.toThrow(
        `relation "${name}" does not exist`,
      );
    },
  );

  it.each([
    'SELECT version()',
    'SELECT current_database(), current_user, current_schema()',
    'SHOW client_encoding',
    "SELECT set_config('application_name', 'tool', false)",
    'SELECT typname, typtype FROM pg_catalog.pg_type LIMIT 1',
    "SELECT 'reporting.tickets'::regclass::oid",
    'BEGIN READ ONLY; SELECT 1 FROM reporting.tickets LIMIT 0; COMMIT',
  ])('is answered: %s', async (sql) => {
    await expect(reader.query(sql)).resolves.toBeDefined();
  });
});
