import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { rightsIn } from '../../../infra/aws/daemons.ts';
import {
  laterWarehouseStatements,
  warehouseStatements,
} from '../../../infra/aws/first-statements.ts';
import { translate } from '../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import { prepareWarehouse } from '../../../infra/local/aws-endpoint/redshift/warehouse.ts';
import { writePolicies } from '../../../infra/local/aws-policies.ts';
import { lookAtAll } from '../../../operations/doctor/finding.ts';
import { daemonParts } from '../../../operations/doctor/rights/daemon-parts.ts';
import { parseConfig } from '../../../runtime/config/load-config.ts';
import { createDataApi } from '../../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../../runtime/redshift/redshift-client.ts';
import type { Identity } from '../../../schemas/daemon-rights.ts';
import { example } from '../../unit/infra/aws/fixtures/example-deployment.ts';
import { imagesQuery } from './lake-images.ts';
import { blockOf, logKey, rowsOf, rowsQuery } from './lake-logs.ts';
import { BUCKET } from './lake-servers.ts';
import { startLocalLake, type LocalLake } from './local-lake.ts';

/** Takes as long as a loader's start and a few loads. */
const long = process.env['CAREPLUS_LONG'] === '1';
const account = { region: 'eu-central-1', bucket: BUCKET, workgroup: 'careplus' };
/** Redshift folds names to lower case, quoted ones too, and so does the dialect. */
const LOADER = '"iamr:careplus-warehouse-loader"';
const never = new AbortController().signal;

/** The one-time SQL of a deployment, as its administrator runs it. */
async function grant(client: pg.Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    // PostgreSQL knows this one as it is; the dialect leaves it to the administrator.
    if (statement.includes('AUTHORIZATION')) {
      await client.query(statement.replace('IAMR:', 'iamr:'));
    } else {
      const translation = translate(statement);
      if (!('sql' in translation)) throw new Error(`not translated: ${statement}`);
      await client.query(translation.sql);
    }
  }
}

describe.runIf(long)('a warehouse with the users of a deployment', () => {
  let lake: LocalLake;

  beforeAll(async () => {
    lake = await startLocalLake(async (postgresUrl, stateDir) => {
      await prepareWarehouse(postgresUrl);
      const administrator = new pg.Client(postgresUrl);
      await administrator.connect();
      try {
        await grant(administrator, warehouseStatements(example));
        // The local warehouse has made this schema itself, and keeps a journal of the calls.
        await administrator.query(`ALTER SCHEMA reporting OWNER TO ${LOADER}`);
        await administrator.query('GRANT USAGE ON SCHEMA data_api TO PUBLIC');
        await administrator.query('GRANT ALL ON data_api.statements TO PUBLIC');
      } finally {
        await administrator.end();
      }
      const policies = path.join(stateDir, 'policies.json');
      writePolicies(policies, account);
      return ['--policies', policies, '--database-users'];
    });
    lake.startLoader({ environment: { AWS_ACCESS_KEY_ID: 'warehouse-loader' } });
  });

  afterAll(async () => {
    await lake[Symbol.asyncDispose]();
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const config = () =>
    parseConfig(
      `version: 1
kafka: { brokers: ['127.0.0.1:1'] }
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: { support-tickets: { database: care, table: tickets } }
aws: { region: ${account.region}, endpoint: '${lake.url}', bucket: ${BUCKET} }
warehouse: { workgroup: careplus, database: careplus, copyRoleArn: 'arn:aws:iam::000000000000:role/copy' }
`,
      'careplus.yaml',
    );

  /** What the doctor finds wrong in the warehouse, run as that identity. */
  async function wrongFor(identity: Identity) {
    vi.stubEnv('AWS_ACCESS_KEY_ID', identity);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    const parts = daemonParts(config(), identity).filter(({ name }) => name === 'warehouse');
    const findings = await lookAtAll(parts, never);
    expect(findings.length).toBeGreaterThan(5);
    return findings.filter(({ severity }) => severity !== 'ok').map(({ found }) => found);
  }

  it('gives the loader what it needs to make the tables and load both datasets', async () => {
    const source = 'shop.care.granted';
    const image = { source, ticket: 'A', status: 'Open' };
    await lake.put(
      lake.newKey(),
      await lake.parquet(
        imagesQuery([
          { ...image, seq: 1, kind: '+' },
          { source, seq: 2, kind: 'E' },
        ]),
      ),
    );
    await lake.frontier(source, 2);
    expect(await lake.tickets(source)).toEqual({ A: 'Open' });
    const text = 'no entry of ours\n---\n';
    const rows = await rowsOf(blockOf({ host: 'web-1', generation: '1-g', text }));
    await lake.put(logKey(1), await lake.parquet(rowsQuery(rows)));
    await vi.waitFor(
      async () => {
        const found = await lake.database.query('SELECT 1 FROM careplus.log_quarantine');
        expect(found.rowCount).toBe(1);
      },
      { timeout: 40_000, interval: 50 },
    );
    const { rows: owners } = await lake.database.query<{ tableowner: string }>(
      `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('stage', 'careplus', 'ops', 'reporting')`,
    );
    expect(owners).toEqual([{ tableowner: 'iamr:careplus-warehouse-loader' }]);
  });

  it('gives each user its rights, and the doctor finds them', async () => {
    await grant(lake.database, laterWarehouseStatements(example));
    const users = Object.entries(rightsIn(example)).filter(([, { warehouse }]) => warehouse);
    expect(users.length).toBe(3);
    for (const [identity] of users) expect(await wrongFor(identity as Identity)).toEqual([]);
  });

  it.each([
    [
      'dashboard',
      'SELECT ON careplus.ticket_state',
      /SELECT on all tables .* of careplus: not on careplus\.ticket_state$/,
    ],
    ['dashboard', 'USAGE ON SCHEMA reporting', /USAGE on schema reporting/],
    ['operations', 'INSERT ON ops.verifications', /INSERT on table ops\.verifications/],
    ['warehouse-loader', 'CREATE ON DATABASE careplus', /CREATE on database careplus/],
  ] as const)('a right that %s lacks is named: %s', async (identity, right, words) => {
    const user = `"iamr:careplus-${identity}"`;
    await lake.database.query(`REVOKE ${right} FROM ${user}`);
    try {
      const [first = '', ...others] = await wrongFor(identity);
      expect(first).toMatch(words);
      expect(first).toContain(`${identity} may not`);
      // Nothing can be told of the tables of a schema that may not be used.
      expect(others.every((found) => found.startsWith('cannot tell'))).toBe(true);
    } finally {
      await lake.database.query(`GRANT ${right} TO ${user}`);
    }
  });

  it('lets nobody write who only reads', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'dashboard');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    const client = createRedshiftDataClient(config().aws);
    const target = { workgroupName: 'careplus', database: 'careplus' };
    const api = createDataApi({ client, target });
    await expect(api.query('DELETE FROM careplus.ticket_state')).rejects.toThrow(
      'permission denied',
    );
    client.destroy();
  });
});
