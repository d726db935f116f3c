import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { TOKEN_HOURS } from './statements/statement-journal.ts';

/** Database user of BI clients: reads `reporting` and nothing else. */
export const BI_USER = 'careplus_bi';

export interface WarehouseOptions {
  /** Password of {@link BI_USER}; without one it keeps what it has. */
  readonly biPassword?: string;
}

/** Any number: two endpoints that start at once prepare one after the other. */
const PREPARE_LOCK = 5_439_001;

const strictFunctions = new URL('strict-functions.sql', import.meta.url);
const catalogViews = new URL('catalog-views.sql', import.meta.url);

/**
 * Journal of client tokens (statement-journal.ts), and the user of BI clients. Views run with the
 * rights of their owner, so `reporting` is all that the user needs.
 */
const ownObjects = `
CREATE SCHEMA IF NOT EXISTS data_api;
CREATE TABLE IF NOT EXISTS data_api.statements (
  client_token text PRIMARY KEY,
  statement_id text NOT NULL UNIQUE,
  request_hash text NOT NULL,
  outcome jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
DELETE FROM data_api.statements WHERE recorded_at < now() - INTERVAL '${TOKEN_HOURS} hours';

CREATE SCHEMA IF NOT EXISTS reporting;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${BI_USER}') THEN
    CREATE ROLE ${BI_USER} LOGIN;
  END IF;
END $$;
GRANT USAGE ON SCHEMA reporting TO ${BI_USER};
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO ${BI_USER};
ALTER DEFAULT PRIVILEGES IN SCHEMA reporting GRANT SELECT ON TABLES TO ${BI_USER};
-- What PostgreSQL lets everybody write: large objects and temporary tables.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
DO $$ BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
`;

/** A reader's forgotten query or transaction ends; the daemons keep their connections. */
const biLimits = `
ALTER ROLE ${BI_USER} CONNECTION LIMIT 20;
ALTER ROLE ${BI_USER} SET statement_timeout = '60s';
ALTER ROLE ${BI_USER} SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE ${BI_USER} SET temp_file_limit = '1GB';
`;

/**
 * Settings of every session, a BI client's too: Redshift's own functions are found before
 * PostgreSQL's, times are UTC, and short queries are not compiled.
 */
const databaseSettings = `
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = redshift_functions, pg_catalog, "$user", public', current_database());
  EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
  EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
END $$;
`;

/**
 * Makes a PostgreSQL database play a Redshift warehouse: strict functions, own aggregates, views of
 * the catalogue, search path, users and the journal of the Data API. May be run at every start.
 *
 * @param connectionString of a superuser; sessions opened before keep their old search path.
 * @throws PostgreSQL's or the network's error.
 */
export async function prepareWarehouse(
  connectionString: string,
  { biPassword }: WarehouseOptions = {},
): Promise<void> {
  const client = new pg.Client({ connectionString });
  // A connection that breaks fails the query in flight; the event says nothing more.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [PREPARE_LOCK]);
    for (const file of [strictFunctions, catalogViews]) {
      await client.query(await readFile(file, 'utf8'));
    }
    await client.query(ownObjects);
    await client.query(databaseSettings);
    if (biPassword !== undefined) {
      await client.query(`ALTER ROLE ${BI_USER} PASSWORD ${pg.escapeLiteral(biPassword)}`);
      await client.query(biLimits);
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
