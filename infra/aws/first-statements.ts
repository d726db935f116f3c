/**
 * The SQL that a deployment needs once and that no template can hold: accounts and rights at the
 * source and in the warehouse.
 */
import { identities } from '../../schemas/daemon-rights.ts';
import { rightsIn } from './daemons.ts';
import type { Deployment } from './deployment.ts';
import { READER_USER, taskRoleName, WAREHOUSE_DATABASE } from './names.ts';

/** Stands for the password, which only Secrets Manager knows. */
const READER_PASSWORD = '<password of the reader’s secret>';

/** As the source's administrator, before the reader's first start. */
export function sourceStatements({ source, datasets }: Deployment): string[] {
  const account = `'${READER_USER}'@'%'`;
  const databases = new Set(Object.values(datasets).map(({ database }) => database));
  const { server } = source;
  const isManaged = server.kind === 'managed';
  // A server without a certificate would refuse such an account.
  const needsTls = isManaged || server.tls ? ' REQUIRE SSL' : '';
  const retention = isManaged
    ? [`CALL mysql.rds_set_configuration('binlog retention hours', ${source.binlogRetentionHours})`]
    : [];
  return [
    ...retention,
    `CREATE USER ${account} IDENTIFIED BY '${READER_PASSWORD}'${needsTls}`,
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

/** As the warehouse's administrator, before the loader's first start. */
export function warehouseStatements(deployment: Deployment): string[] {
  const users = warehouseUsers(deployment);
  const owners = users.filter(({ owns }) => owns.length > 0);
  return [
    ...users.map(({ user }) => `CREATE USER ${user} PASSWORD DISABLE`),
    ...owners.flatMap(({ user, owns }) => [
      `GRANT CREATE, TEMP ON DATABASE ${WAREHOUSE_DATABASE} TO ${user}`,
      ...owns.map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${user}`),
    ]),
    ...owners.flatMap(({ user: owner, owns }) =>
      owns.flatMap((schema) => {
        const readers = users.filter(({ reads }) => reads.includes(schema));
        if (readers.length === 0) return [];
        const names = readers.map(({ user }) => user).join(', ');
        return [
          `GRANT USAGE ON SCHEMA ${schema} TO ${names}`,
          `ALTER DEFAULT PRIVILEGES FOR USER ${owner} IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${names}`,
        ];
      }),
    ),
  ];
}

/** As the warehouse's administrator, when the loader's first start has made the tables. */
export function laterWarehouseStatements(deployment: Deployment): string[] {
  return warehouseUsers(deployment).flatMap(({ user, inserts, updates }) => [
    ...inserts.map((table) => `GRANT INSERT ON ${table} TO ${user}`),
    ...updates.map((table) => `GRANT UPDATE ON ${table} TO ${user}`),
  ]);
}

/** Whoever runs statements in the warehouse, which knows it by its role. */
function warehouseUsers(deployment: Deployment) {
  const rights = rightsIn(deployment);
  return identities.flatMap((identity) => {
    const { warehouse } = rights[identity];
    if (!warehouse) return [];
    const { owns = [], reads = [], inserts = [], updates = [] } = warehouse;
    const user = `"IAMR:${taskRoleName(deployment, identity)}"`;
    return [{ user, owns, reads, inserts, updates }];
  });
}
