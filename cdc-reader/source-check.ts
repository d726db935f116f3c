import { mysqlName } from '../runtime/sql/quoting.ts';
import type { TableStreamConfig } from './config.ts';
import type { ServerFlavour } from './gtid-position.ts';
import { checkRdsRetention } from './rds-retention.ts';
import type { SourceConnection } from './source-connection.ts';
import { errorNumber } from './source-errors.ts';

/** Something at the source that keeps the reader from being right. */
export interface SourceProblem {
  /** A reader does not start with an `error`. */
  readonly severity: 'error' | 'warning';
  /** What was found. */
  readonly found: string;
  /** A statement, or a line for the server's option file, that cures it. */
  readonly cure: string;
}

type CheckedTable = Pick<TableStreamConfig, 'database' | 'table' | 'serverId'>;

/**
 * Checks all settings, grants and properties of the table on which the reader relies.
 *
 * @returns every problem, not only the first one.
 */
export async function checkSource(
  connection: SourceConnection,
  table: CheckedTable,
): Promise<SourceProblem[]> {
  const variables = await readVariables(connection);
  const [retention, grants, filters, properties] = [
    await checkRdsRetention(connection, variables.get('basedir')),
    await checkGrants(connection, table),
    await checkFilters(connection, table),
    await checkTable(connection, table),
  ];
  return [
    ...checkVariables(variables, connection.flavour),
    ...checkServerId(variables, table.serverId),
    ...checkRetention(variables),
    ...retention,
    ...grants,
    ...filters,
    ...properties,
  ];
}

/** Settings of which the reader needs this very value, by name as SHOW VARIABLES gives it. */
const REQUIRED: readonly {
  readonly name: string;
  readonly value: string;
  readonly cure: string;
  readonly only?: ServerFlavour;
}[] = [
  { name: 'log_bin', value: 'ON', cure: 'in the option file: log_bin = binlog; then restart' },
  { name: 'binlog_format', value: 'ROW', cure: "SET GLOBAL binlog_format = 'ROW'" },
  { name: 'binlog_row_image', value: 'FULL', cure: "SET GLOBAL binlog_row_image = 'FULL'" },
  {
    name: 'binlog_row_metadata',
    value: 'FULL',
    cure: "SET GLOBAL binlog_row_metadata = 'FULL'",
  },
  {
    name: 'gtid_mode',
    value: 'ON',
    cure: 'in the option file: gtid_mode = ON, enforce_gtid_consistency = ON; then restart',
    only: 'mysql',
  },
  {
    name: 'binlog_transaction_compression',
    value: 'OFF',
    cure: 'SET GLOBAL binlog_transaction_compression = OFF',
    only: 'mysql',
  },
  {
    name: 'binlog_row_value_options',
    value: '',
    cure: "SET GLOBAL binlog_row_value_options = ''",
    only: 'mysql',
  },
];

const OTHERS = ['server_id', 'binlog_expire_logs_seconds', 'expire_logs_days', 'basedir'];

type Variables = ReadonlyMap<string, string>;

async function readVariables(connection: SourceConnection): Promise<Variables> {
  const names = [...REQUIRED.map(({ name }) => name), ...OTHERS];
  const rows = await connection.query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [names]);
  return new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
}

/** Exported for its unit test. */
export function checkVariables(variables: Variables, flavour: ServerFlavour): SourceProblem[] {
  return REQUIRED.filter(
    ({ name, value, only }) =>
      (only === undefined || only === flavour) &&
      // Older MySQL servers lack options that came later, and what they switch on.
      (variables.has(name) || only === undefined || name === 'gtid_mode') &&
      variables.get(name)?.toUpperCase() !== value,
  ).map(({ name, value, cure }) => ({
    severity: 'error',
    found: `${name} is ${variables.get(name) ?? 'not known to the server'}, not ${value || "''"}`,
    cure,
  }));
}

/** Exported for its unit test. */
export function checkServerId(variables: Variables, serverId: number): SourceProblem[] {
  const own = Number(variables.get('server_id') ?? 0);
  if (own === 0) {
    const cure = 'in the option file: server_id = 1; then restart';
    return [{ severity: 'error', found: 'server_id is 0', cure }];
  }
  if (own !== serverId) return [];
  return [
    {
      severity: 'error',
      found: `the server's own server_id is ${own}, as the reader's`,
      cure: 'in careplus.yaml: source.serverId with a number that no server and no replica has',
    },
  ];
}

const DAY_SECONDS = 86_400;

/** Exported for its unit test. */
export function checkRetention(variables: Variables): SourceProblem[] {
  const seconds =
    Number(variables.get('binlog_expire_logs_seconds') ?? 0) ||
    Number(variables.get('expire_logs_days') ?? 0) * DAY_SECONDS;
  if (seconds === 0 || seconds >= DAY_SECONDS) return [];
  return [
    {
      severity: 'warning',
      found: `the binlog is purged after ${seconds} s: a longer outage costs a new snapshot`,
      cure: `SET GLOBAL binlog_expire_logs_seconds = ${7 * DAY_SECONDS}`,
    },
  ];
}

async function checkGrants(
  connection: SourceConnection,
  { database, table }: CheckedTable,
): Promise<SourceProblem[]> {
  const account = await accountOf(connection);
  const rows = await connection.query('SHOW GRANTS');
  const problems = missingGrants(
    rows.flatMap((row) => Object.values(row).map(String)),
    connection.flavour,
    account,
  );
  const name = `${mysqlName(database)}.${mysqlName(table)}`;
  try {
    await connection.query(`SELECT 1 FROM ${name} LIMIT 0`);
  } catch (error) {
    if (errorNumber(error) !== TABLE_ACCESS_DENIED) return problems;
    problems.push({
      severity: 'error',
      found: `no SELECT on ${name}`,
      cure: `GRANT SELECT ON ${name} TO ${account}`,
    });
  }
  return problems;
}

const TABLE_ACCESS_DENIED = 1142;

/** The account of a connection as GRANT names it. */
export async function accountOf(connection: SourceConnection): Promise<string> {
  const [row] = await connection.query('SELECT CURRENT_USER() AS user');
  const user = String(row?.['user']);
  const at = user.lastIndexOf('@');
  return `'${user.slice(0, at)}'@'${user.slice(at + 1)}'`;
}

/** Exported for its unit test. */
export function missingGrants(
  grants: readonly string[],
  flavour: ServerFlavour,
  account: string,
): SourceProblem[] {
  const global = grants
    .filter((grant) => / ON \*\.\* TO /i.test(grant))
    .join('\n')
    .toUpperCase();
  // What an account has by a role does not stand here.
  if (global.includes('ALL PRIVILEGES') || grants.some((grant) => !/ ON /i.test(grant))) return [];
  const needed =
    flavour === 'mariadb'
      ? ['REPLICATION SLAVE', 'BINLOG MONITOR']
      : ['REPLICATION SLAVE', 'REPLICATION CLIENT', 'RELOAD'];
  return needed
    .filter((privilege) => !global.includes(privilege))
    .map((privilege) => ({
      severity: 'error',
      found: `no ${privilege} privilege`,
      cure: `GRANT ${privilege} ON *.* TO ${account}`,
    }));
}

async function checkFilters(
  connection: SourceConnection,
  { database }: CheckedTable,
): Promise<SourceProblem[]> {
  // MySQL 8.4 has the new name only, everything older the old one.
  const [status] = await connection
    .query('SHOW MASTER STATUS')
    .catch(() => connection.query('SHOW BINARY LOG STATUS'))
    .catch(() => []);
  const list = (column: string) =>
    String(status?.[column] ?? '')
      .split(',')
      .filter((name) => name !== '');
  const [only, ignored] = [list('Binlog_Do_DB'), list('Binlog_Ignore_DB')];
  if ((only.length === 0 || only.includes(database)) && !ignored.includes(database)) return [];
  return [
    {
      severity: 'error',
      found: `the binlog leaves out the database ${database}`,
      cure: 'take binlog_do_db and binlog_ignore_db out of the option file; then restart',
    },
  ];
}

/** Spatial types: see BinlogDecoder on why MariaDB's binlog cannot be read with them. */
const SPATIAL_TYPE = '^(multi)?(geom|point|linestring|polygon)';

async function checkTable(
  connection: SourceConnection,
  { database, table }: CheckedTable,
): Promise<SourceProblem[]> {
  const name = `${mysqlName(database)}.${mysqlName(table)}`;
  const [properties] = await connection.query(
    'SELECT TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  const problems: SourceProblem[] = [];
  if (properties?.['type'] === 'SYSTEM VERSIONED') {
    problems.push({
      severity: 'error',
      found: `${name} is system versioned: the binlog holds its history among its rows`,
      cure: `ALTER TABLE ${name} DROP SYSTEM VERSIONING`,
    });
  } else if (properties && properties['type'] !== 'BASE TABLE') {
    problems.push({
      severity: 'error',
      found: `${name} is a ${String(properties['type'])}: its changes do not stand in the binlog row by row`,
      cure: 'in careplus.yaml: name the base table',
    });
  }
  if (connection.flavour === 'mariadb') {
    const unreadable = await connection.query(
      'SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS' +
        ' WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?' +
        " AND (COLUMN_TYPE LIKE '%mariadb-5.3%' OR DATA_TYPE REGEXP ?)",
      [database, table, SPATIAL_TYPE],
    );
    for (const { name: column, type } of unreadable) {
      const old = String(type).includes('mariadb-5.3');
      problems.push({
        severity: 'error',
        found: `with the column ${String(column)} (${String(type)}) the rows of ${name} cannot be read`,
        cure: old ? `ALTER TABLE ${name} FORCE` : 'move the spatial column to a table of its own',
      });
    }
  }
  const cascades = await connection.query(
    'SELECT CONSTRAINT_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS' +
      " WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ? AND (DELETE_RULE IN ('CASCADE', 'SET NULL')" +
      " OR UPDATE_RULE IN ('CASCADE', 'SET NULL'))",
    [database, table],
  );
  for (const { name: constraint } of cascades) {
    problems.push({
      severity: 'error',
      found: `the foreign key ${String(constraint)} changes rows without a trace in the binlog`,
      cure: `ALTER TABLE ${name} DROP FOREIGN KEY ${mysqlName(String(constraint))}`,
    });
  }
  return problems;
}
