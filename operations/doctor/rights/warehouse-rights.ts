import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import type { Config } from '../../../runtime/config/config-schema.ts';
import { createDataApi, type DataApi } from '../../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../../runtime/redshift/redshift-client.ts';
import type { Identity, WarehouseRights } from '../../../schemas/daemon-rights.ts';
import { readMigrations } from '../../../warehouse-loader/migrations.ts';
import type { Part } from '../finding.ts';
import { awsRefusal } from './aws-refusal.ts';
import { rightsPart, type Right } from './right.ts';

/** Below the client's request timeout, and long enough for a warehouse that has to wake up. */
const WAIT_SECONDS = 20;

/** A daemon's rights to run statements, and those of its user in the warehouse. */
export function warehouseRights(
  { aws, warehouse }: Config,
  identity: Identity,
  rights: WarehouseRights,
): Part {
  const client = createRedshiftDataClient(aws);
  const { workgroup, database, secretArn } = warehouse;
  const api = createDataApi({ client, target: { workgroupName: workgroup, database, secretArn } });
  const target = {
    ...{ WorkgroupName: workgroup, Database: database },
    ...(secretArn === undefined ? {} : { SecretArn: secretArn }),
  };
  const [first, ...others] = statementRights(client, target);
  return rightsPart({
    ...{ name: 'warehouse', identity },
    ...(first && { first }),
    rights: [...others, ...userRights(rights, api, database)],
    close: async () => client.destroy(),
  });
}

interface StatementTarget {
  readonly WorkgroupName: string;
  readonly Database: string;
  readonly SecretArn?: string;
}

/** Listed apart, so that a test can compare it with the role. The first is what the others need. */
export function statementRights(
  client: Pick<RedshiftDataClient, 'send'>,
  target: StatementTarget,
): Right[] {
  let statement = '';
  const right = (
    action: string,
    call: (abortSignal: AbortSignal) => Promise<unknown>,
    service = 'redshift-data',
  ): Right => ({
    action: `${service}:${action}`,
    resource: `workgroup ${target.WorkgroupName}`,
    grant: `allow ${service}:${action}`,
    refusal: (signal) => awsRefusal(call(signal)),
  });
  return [
    // It takes redshift-serverless:GetCredentials too; what is refused names which of the two.
    right('ExecuteStatement', async (abortSignal) => {
      const select = { ...target, Sql: 'SELECT 1 AS one', WaitTimeSeconds: WAIT_SECONDS };
      const { Id } = await client.send(new ExecuteStatementCommand(select), { abortSignal });
      statement = Id ?? '';
    }),
    right('DescribeStatement', (abortSignal) =>
      client.send(new DescribeStatementCommand({ Id: statement }), { abortSignal }),
    ),
    right('GetStatementResult', async (abortSignal) => {
      const wait = { Id: statement, WaitTimeSeconds: WAIT_SECONDS };
      await client.send(new GetStatementResultCommand(wait), { abortSignal });
    }),
    right('BatchExecuteStatement', (abortSignal) => {
      const select = { ...target, Sqls: ['SELECT 1 AS one'], WaitTimeSeconds: WAIT_SECONDS };
      return client.send(new BatchExecuteStatementCommand(select), { abortSignal });
    }),
    right('ListStatements', (abortSignal) =>
      client.send(new ListStatementsCommand({ RoleLevel: true, MaxResults: 1 }), { abortSignal }),
    ),
  ];
}

type Kind = 'database' | 'schema' | 'table';

/** What the daemon's user may do there, as the warehouse itself tells (r_HAS_TABLE_PRIVILEGE). */
function userRights(
  { owns = [], reads = [], inserts = [], updates = [] }: WarehouseRights,
  api: DataApi,
  database: string,
): Right[] {
  /** One right of the user on some things of a kind. */
  const right = (
    privilege: string,
    kind: Kind,
    names: readonly string[],
    resource = `${kind} ${names.join(', ')}`,
  ): Right => ({
    action: privilege,
    resource,
    grant: `GRANT ${privilege} ON ${kind.toUpperCase()} … TO "IAMR:…" (node infra/aws/print.ts statements)`,
    refusal: async (signal) => {
      const asks = names.map(
        (name, n) => `has_${kind}_privilege('${name}', '${privilege.toLowerCase()}') AS held_${n}`,
      );
      const { rows } = await api.query(`SELECT ${asks.join(', ')}`, { signal });
      const missing = names.filter((_, n) => rows[0]?.[`held_${n}`] !== true);
      return missing.length === 0 ? undefined : `not on ${missing.join(', ')}`;
    },
  });
  const onDatabase = owns.length > 0 ? ['CREATE', 'TEMP'] : [];
  return [
    ...onDatabase.map((privilege) => right(privilege, 'database', [database])),
    ...owns.map((schema) => right('CREATE', 'schema', [schema])),
    ...reads.map((schema) => right('USAGE', 'schema', [schema])),
    ...reads.map((schema) =>
      right('SELECT', 'table', relationsOf(schema), `all tables and views of ${schema}`),
    ),
    ...inserts.map((table) => right('INSERT', 'table', [table])),
    ...updates.map((table) => right('UPDATE', 'table', [table])),
  ];
}

const CREATION = /^CREATE (?:OR REPLACE )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)\.(\w+)/;

/** Tables and views of a schema: those of the migrations, and the one that remembers these. */
function relationsOf(schema: string): string[] {
  const made = readMigrations().flatMap(({ statements }) =>
    statements.flatMap((text) => {
      const [, of = '', name = ''] = CREATION.exec(text) ?? [];
      return of === schema ? [`${schema}.${name}`] : [];
    }),
  );
  return [...new Set(schema === 'ops' ? [...made, 'ops.migrations'] : made)];
}
