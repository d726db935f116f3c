import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchExecuteStatementCommand,
  RedshiftDataClient,
  type BatchExecuteStatementCommandOutput,
} from '@aws-sdk/client-redshift-data';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFaultsClient } from '../../../infra/local/aws-endpoint/faults-client.ts';
import { startPostgres, type Postgres } from '../../../infra/local/postgres.ts';
import {
  startEndpointProcess,
  type EndpointProcess,
} from '../../conformance/endpoint-under-test.ts';

let stateDir: string;
let postgres: Postgres;
let admin: pg.Client;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'careplus-redshift-restart-'));
  postgres = await startPostgres({ stateDir, port: await freePort() });
  admin = new pg.Client(postgres.url);
  await admin.connect();
  await admin.query('CREATE TABLE t (id integer)');
});
afterAll(async () => {
  await admin.end();
  await postgres.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const start = () =>
  startEndpointProcess(stateDir, ['--only', 'redshift-data', '--warehouse-url', postgres.url]);

async function submit(
  endpoint: EndpointProcess,
  token: string,
  sqls: readonly string[],
): Promise<BatchExecuteStatementCommandOutput> {
  const client = new RedshiftDataClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  try {
    return await client.send(
      new BatchExecuteStatementCommand({
        WorkgroupName: 'careplus',
        Database: postgres.database,
        Sqls: [...sqls],
        ClientToken: token,
        WaitTimeSeconds: 20,
      }),
    );
  } finally {
    client.destroy();
  }
}

const count = async (id: number) =>
  (await admin.query<{ n: string }>('SELECT count(*) AS n FROM t WHERE id = $1', [id])).rows[0]?.n;

describe('Redshift Data API, killed', () => {
  it('does not run a call again whose commit it had no time to tell', async () => {
    const token = randomUUID();
    const first = await start();
    const faults = createFaultsClient(first.url);
    await faults.add({ op: 'BatchExecuteStatement', action: 'crash-after' });
    await expect(submit(first, token, ['INSERT INTO t VALUES (1)'])).rejects.toThrow();
    await first.kill();
    expect(await count(1)).toBe('1');

    const second = await start();
    const state = await submit(second, token, ['INSERT INTO t VALUES (1)']);
    expect(state.Status).toBe('FINISHED');
    expect(await count(1)).toBe('1');
    await second.kill();
  });

  it('runs a call again that was not committed', async () => {
    const token = randomUUID();
    const first = await start();
    const sqls = ['INSERT INTO t VALUES (2)', 'LOCK TABLE gate'];
    const gate = new pg.Client(postgres.url);
    await gate.connect();
    await gate.query('CREATE TABLE gate (id integer)');
    await gate.query('BEGIN; LOCK TABLE gate');
    const lost = submit(first, token, sqls).catch((error: unknown) => error);
    await expect
      .poll(
        async () => {
          const { rowCount } = await admin.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
          );
          return rowCount;
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    await first.kill();
    expect(await lost).toBeInstanceOf(Error);
    await gate.query('COMMIT');
    await gate.end();

    const second = await start();
    const state = await submit(second, token, sqls);
    expect(state.Status).toBe('FINISHED');
    expect(await count(2)).toBe('1');
    await second.kill();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
