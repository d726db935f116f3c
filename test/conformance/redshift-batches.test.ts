import { randomUUID } from 'node:crypto';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
} from '@aws-sdk/client-redshift-data';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRedshiftDataService } from '../../infra/local/aws-endpoint/redshift/data-api.ts';
import { isLocal, openRedshift, type RedshiftUnderTest } from './redshift-endpoint.ts';

let warehouse: RedshiftUnderTest;
let t: string;

beforeAll(async () => {
  warehouse = await openRedshift();
  t = `${warehouse.schema}.t`;
  await warehouse.execute(`CREATE TABLE ${t} (id INTEGER, name VARCHAR(8))`);
});
afterAll(async () => {
  await warehouse.batch([`DROP TABLE ${t}`]);
  await warehouse.close();
});

describe('BatchExecuteStatement (API_BatchExecuteStatement)', () => {
  it('runs a batch as one transaction and gives the result of each statement', async () => {
    const state = await warehouse.batch([
      `INSERT INTO ${t} VALUES (10, 'ten')`,
      `CREATE TEMP TABLE counted AS SELECT count(*) AS n FROM ${t}`,
      `SELECT n FROM counted`,
    ]);
    expect(state.Status).toBe('FINISHED');
    expect(state.SubStatements?.map(({ Status }) => Status)).toEqual(Array(3).fill('FINISHED'));
    const third = state.SubStatements?.[2];
    expect(third).toMatchObject({ Id: `${state.Id}:3`, HasResultSet: true, ResultRows: 1 });
    const page = await warehouse.client.send(new GetStatementResultCommand({ Id: third?.Id }));
    expect(page.Records).toEqual([[{ longValue: 1 }]]);
    // airflow#40427 quotes it.
    await expect(
      warehouse.client.send(new GetStatementResultCommand({ Id: state.Id })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'BatchExecuteStatement result can only be retrieved with sub-statement id.',
    });
    await warehouse.execute(`DELETE FROM ${t}`);
  });

  it('rolls all back at the first failure and tells which statement failed', async () => {
    const state = await warehouse.batch([
      `INSERT INTO ${t} VALUES (20, 'gone')`,
      `SELECT 1 / (SELECT count(*) FROM ${t} WHERE id = -1)`,
      `INSERT INTO ${t} VALUES (21, 'never')`,
    ]);
    expect(state).toMatchObject({ Status: 'FAILED', HasResultSet: false });
    expect(state.Error).toMatch(/division by zero|divide by zero/i);
    expect(state.SubStatements?.[1]).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringMatching(/division by zero|divide by zero/i) as string,
    });
    expect(state.SubStatements?.[2]?.Status).not.toBe('FINISHED');
    expect(await warehouse.rows(`SELECT count(*) FROM ${t}`)).toEqual([[0]]);
  });

  it('commits each statement by itself with AUTO_COMMIT, failures between them or not', async () => {
    const state = await warehouse.batch(
      [
        `INSERT INTO ${t} VALUES (30, 'kept')`,
        'SELECT 1 / 0',
        `INSERT INTO ${t} VALUES (31, 'too')`,
      ],
      { ExecutionMode: 'AUTO_COMMIT' },
    );
    expect(state.Status).toBe('FAILED');
    expect(state.SubStatements?.map(({ Status }) => Status)).toEqual([
      'FINISHED',
      'FAILED',
      'FINISHED',
    ]);
    expect(await warehouse.rows(`SELECT id FROM ${t} ORDER BY id`)).toEqual([[30], [31]]);
    await warehouse.execute(`DELETE FROM ${t}`);
  });

  it('runs VACUUM outside of a transaction only (r_VACUUM_command)', async () => {
    expect(await warehouse.batch([`VACUUM ${t}`])).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('VACUUM cannot run inside a transaction block') as string,
    });
    const alone = await warehouse.batch([`VACUUM DELETE ONLY ${t}`, `ANALYZE ${t}`], {
      ExecutionMode: 'AUTO_COMMIT',
    });
    expect(alone.Status).toBe('FINISHED');
    expect((await warehouse.execute(`VACUUM ${t}`)).Status).toBe('FINISHED');
  });

  it('takes 40 statements and not 41, 100 KB a statement and not more', async () => {
    const forty = await warehouse.batch(Array<string>(40).fill('SELECT 1'));
    expect(forty.Status).toBe('FINISHED');
    const refused = { name: 'ValidationException' };
    await expect(warehouse.batch(Array<string>(41).fill('SELECT 1'))).rejects.toMatchObject(
      refused,
    );
    const long = `SELECT '${'x'.repeat(110_000)}'`;
    await expect(warehouse.batch([long])).rejects.toMatchObject(refused);
  });

  it('keeps no temporary table from one call to the next', async () => {
    await warehouse.batch(['CREATE TEMP TABLE left_over AS SELECT 1 AS n']);
    for (let call = 0; call < 3; call += 1) {
      expect((await warehouse.execute('SELECT n FROM left_over')).Status).toBe('FAILED');
    }
  });

  it.runIf(isLocal)('fails when its connection breaks, and rolls back', async () => {
    const endless = `SELECT count(*) FROM pg_class a CROSS JOIN pg_class b CROSS JOIN pg_class c
      CROSS JOIN pg_class d WHERE a.relname || b.relname || c.relname = d.relname`;
    const { Id } = await warehouse.client.send(
      new BatchExecuteStatementCommand({
        ...warehouse.target,
        Sqls: [`INSERT INTO ${t} VALUES (25, 'gone')`, endless],
      }),
    );
    const describe = () => warehouse.client.send(new DescribeStatementCommand({ Id }));
    await vi.waitFor(async () => {
      const { SubStatements } = await describe();
      expect(SubStatements?.[1]?.Status).toBe('STARTED');
    });
    const { RedshiftPid } = await describe();
    const admin = new pg.Client(warehouse.local.postgresUrl);
    await admin.connect();
    await admin.query('SELECT pg_terminate_backend($1)', [RedshiftPid]);
    await admin.end();
    await vi.waitFor(async () => {
      expect(await describe()).toMatchObject({
        Status: 'FAILED',
        Error: expect.stringMatching(/terminating connection|Connection terminated/) as string,
      });
    });
    expect(await warehouse.rows(`SELECT count(*) FROM ${t} WHERE id = 25`)).toEqual([[0]]);
  });

  it('runs calls side by side', async () => {
    const first = warehouse.batch([`LOCK TABLE ${t}`, 'SELECT 1']);
    const others = Array.from({ length: 8 }, () => warehouse.execute('SELECT 1'));
    const states = await Promise.all([first, ...others]);
    expect(states.map(({ Status }) => Status)).toEqual(Array(9).fill('FINISHED'));
  });
});

describe('client token (data-api, "Idempotency")', () => {
  const submit = (ClientToken: string, id: number) =>
    warehouse.client.send(
      new BatchExecuteStatementCommand({
        ...warehouse.target,
        Sqls: [`INSERT INTO ${t} VALUES (${id}, 'once')`],
        ClientToken,
        WaitTimeSeconds: 20,
      }),
    );
  const count = (id: number) => warehouse.rows(`SELECT count(*) FROM ${t} WHERE id = ${id}`);

  it('runs a call with the same token once, also when both arrive together', async () => {
    const token = randomUUID();
    const [first, second] = await Promise.all([submit(token, 40), submit(token, 40)]);
    const third = await submit(token, 40);
    expect(second.Id).toBe(first.Id);
    expect(third.Id).toBe(first.Id);
    expect(await count(40)).toEqual([[1]]);
  });

  it('gives the old failure to the old token', async () => {
    const token = randomUUID();
    const failing = { ClientToken: token };
    const first = await warehouse.batch(
      [`INSERT INTO ${t} VALUES (41, 'too long a name')`],
      failing,
    );
    const second = await warehouse.batch(
      [`INSERT INTO ${t} VALUES (41, 'too long a name')`],
      failing,
    );
    expect(second).toMatchObject({ Id: first.Id, Status: 'FAILED', Error: first.Error });
  });

  it.runIf(isLocal)('refuses the token of another call', async () => {
    const token = randomUUID();
    await submit(token, 42);
    await expect(submit(token, 43)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.runIf(isLocal)(
    'commits once when an earlier life of the endpoint runs the same call',
    async () => {
      const { faults, postgresUrl } = warehouse.local;
      const [token, rule] = [randomUUID(), { op: 'BatchExecuteStatement', skip: 0, times: 1 }];
      // Nothing that this service ever started is known to the one behind the client.
      const earlier = createRedshiftDataService({
        connectionString: postgresUrl,
        fetchObject: async () => undefined,
        faults,
      });
      faults.add({ ...rule, action: 'slow-statement', match: '(46,', ms: 500 });
      const input = {
        ...warehouse.target,
        Sqls: [`INSERT INTO ${t} VALUES (46, 'once')`],
        ClientToken: token,
        WaitTimeSeconds: 20,
      };
      const { signal } = new AbortController();
      const first = earlier.call({
        ...{ operation: 'BatchExecuteStatement', input, signal },
        ...{ caller: 'local', region: 'us-east-1' },
      });
      await vi.waitFor(() => {
        expect(faults.fired()['BatchExecuteStatement slow-statement']).toBe(1);
      });
      const second = await submit(token, 46);
      expect(second.Status).toBe('FINISHED');
      expect(await first).toMatchObject({ Status: 'FINISHED' });
      expect(await count(46)).toEqual([[1]]);
      await earlier.close();
    },
  );

  it.runIf(isLocal)('forgets it after 8 hours: the call runs again', async () => {
    const token = randomUUID();
    const first = await submit(token, 47);
    const admin = new pg.Client(warehouse.local.postgresUrl);
    await admin.connect();
    await admin.query(
      `UPDATE data_api.statements SET recorded_at = recorded_at - INTERVAL '8 hours 1 minute' WHERE client_token = $1`,
      [token],
    );
    await admin.end();
    await warehouse.local.restart();
    const second = await submit(token, 47);
    expect(second.Status).toBe('FINISHED');
    expect(second.Id).not.toBe(first.Id);
    expect(await count(47)).toEqual([[2]]);
  });

  it.runIf(isLocal)('knows the token after a restart: same id, not run again', async () => {
    const token = randomUUID();
    const failed = await warehouse.batch([`INSERT INTO ${t} VALUES (45, 'too long a name')`], {
      ClientToken: `${token}-f`,
    });
    const first = await submit(token, 44);
    await warehouse.local.restart();
    const second = await submit(token, 44);
    expect(second).toMatchObject({ Id: first.Id, Status: 'FINISHED' });
    expect(await count(44)).toEqual([[1]]);
    const state = await warehouse.client.send(new DescribeStatementCommand({ Id: first.Id }));
    expect(state).toMatchObject({ Status: 'FINISHED' });
    expect(state.SubStatements?.[0]).toMatchObject({ Id: `${first.Id}:1`, ResultRows: 1 });
    const again = await warehouse.batch([`INSERT INTO ${t} VALUES (45, 'too long a name')`], {
      ClientToken: `${token}-f`,
    });
    expect(again).toMatchObject({ Id: failed.Id, Status: 'FAILED', Error: failed.Error });
  });
});

describe.runIf(isLocal)('faults', () => {
  it('fails the statement that the rule names, with its text, and rolls back', async () => {
    warehouse.local.faults.add({
      op: 'BatchExecuteStatement',
      action: 'failed-statement',
      match: "'second'",
      skip: 0,
      times: 1,
      message: 'ERROR: 1023\n  Detail: Serializable isolation violation on table',
    });
    const sqls = [
      `INSERT INTO ${t} VALUES (60, 'first')`,
      `INSERT INTO ${t} VALUES (61, 'second')`,
    ];
    const failed = await warehouse.batch(sqls);
    expect(failed).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: 1023\n  Detail: Serializable isolation violation on table',
    });
    expect(failed.SubStatements?.map(({ Status }) => Status)).toEqual(['FINISHED', 'FAILED']);
    expect(await warehouse.rows(`SELECT count(*) FROM ${t} WHERE id IN (60, 61)`)).toEqual([[0]]);
    expect((await warehouse.batch(sqls)).Status).toBe('FINISHED');
  });

  it('stays STARTED for as long as the rule says, and aborts', async () => {
    const { faults } = warehouse.local;
    const rule = { op: 'ExecuteStatement', skip: 0, times: 1 };
    faults.add({ ...rule, action: 'slow-statement', ms: 400 });
    const slow = await warehouse.client.send(
      new ExecuteStatementCommand({ ...warehouse.target, Sql: 'SELECT 1' }),
    );
    await vi.waitFor(async () => {
      const state = await warehouse.client.send(new DescribeStatementCommand({ Id: slow.Id }));
      expect(state.Status).toBe('STARTED');
    });
    const state = await warehouse.client.send(
      new DescribeStatementCommand({ Id: slow.Id, WaitTimeSeconds: 20 }),
    );
    expect(state.Status).toBe('FINISHED');
    faults.add({ ...rule, action: 'aborted-statement' });
    expect((await warehouse.execute('SELECT 1')).Status).toBe('ABORTED');
  });

  it('runs once though the reply is lost and the SDK sends the call again', async () => {
    warehouse.local.faults.add({
      op: 'BatchExecuteStatement',
      action: 'drop-after',
      match: "'lost'",
      skip: 0,
      times: 1,
    });
    const state = await warehouse.batch([`INSERT INTO ${t} VALUES (62, 'lost')`]);
    expect(state.Status).toBe('FINISHED');
    expect(warehouse.local.faults.fired()['BatchExecuteStatement drop-after']).toBe(1);
    expect(await warehouse.rows(`SELECT count(*) FROM ${t} WHERE id = 62`)).toEqual([[1]]);
  });
});
