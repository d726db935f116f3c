/**
 * The SQL that a deployment needs once and that no template can hold: accounts and rights at the
 * source and in the warehouse.
 */
import type { Deployment } from './deployment.ts';
import { OPERATIONS, READER_USER, taskRoleName, WAREHOUSE_DATABASE } from './names.ts';

/** Stands for the password, which only Secrets Manager knows. */
const READER_PASSWORD = '<password of the reader’s secret>';

/** As the source's administrator, before the reader's first start. */
export function sourceStatements({ source, datasets }: Deployment): string[] {
  const account = `'${READER_USER}'@'%'`;
  const databases = new Set(Object.values(datasets).map(({ database }) => database));
  const isManaged = source.server.kind === 'managed';
  const retention = isManaged
    ? [`CALL mysql.rds_set_configuration('binlog retention hours', ${source.binlogRetentionHours})`]
    : [];
  return [
    ...retention,
    `CREATE USER ${account} IDENTIFIED BY '${READER_PASSWORD}' REQUIRE SSL`,
    `GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD ON *.* TO ${account}`,
    ...Object.values(datasets).map(
      ({ database, table }) => `GRANT SELECT ON \`${database}\`.\`${table}\` TO ${account}`,
    ),
    // By which the reader sees how long RDS keeps the binlog.
    ...(isManaged ? [`GRANT SELECT ON mysql.rds_configuration TO ${account}`] : []),
    // RDS refuses the global lock; a snapshot then locks its own table for a moment.
    ...[...databases].map((name) => `GRANT LOCK TABLES ON \`${name}\`.* TO ${account}`),
  ];
}

/** Schemas of the warehouse; the loader owns them and what is in them. */
const SCHEMAS = ['stage', 'careplus', 'ops', 'reporting'];

/** As the warehouse's administrator, before the loader's first start. */
export function warehouseStatements(deployment: Deployment): string[] {
  const user = (daemon: string) => `"IAMR:${taskRoleName(deployment, daemon)}"`;
  const loader = user('warehouse-loader');
  const readers = [user('dashboard'), user(OPERATIONS)];
  const readable = SCHEMAS.filter((schema) => schema !== 'stage');
  return [
    ...[loader, ...readers].map((name) => `CREATE USER ${name} PASSWORD DISABLE`),
    `GRANT CREATE, TEMP ON DATABASE ${WAREHOUSE_DATABASE} TO ${loader}`,
    ...SCHEMAS.map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${loader}`),
    ...readable.flatMap((schema) => [
      `GRANT USAGE ON SCHEMA ${schema} TO ${readers.join(', ')}`,
      `ALTER DEFAULT PRIVILEGES FOR USER ${loader} IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${readers.join(', ')}`,
    ]),
  ];
}

/** As the warehouse's administrator, when the loader's first start has made the tables. */
export function laterWarehouseStatements(deployment: Deployment): string[] {
  // `careplus verify` keeps what it found.
  return [`GRANT INSERT ON ops.verifications TO "IAMR:${taskRoleName(deployment, OPERATIONS)}"`];
}
