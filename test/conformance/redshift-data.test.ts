import { randomUUID } from 'node:crypto';
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
} from '@aws-sdk/client-redshift-data';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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

describe('ExecuteStatement and DescribeStatement (API_ExecuteStatement, API_DescribeStatement)', () => {
  it('answers a submit at once and finishes in the background', async () => {
    const submitted = await warehouse.client.send(
      new ExecuteStatementCommand({ ...warehouse.target, Sql: 'SELECT 1 AS one' }),
    );
    expect(submitted.Id).toMatch(/^[0-9a-f-]{36}$/);
    expect(submitted.CreatedAt).toBeInstanceOf(Date);
    expect(Math.abs(Date.now() - Number(submitted.CreatedAt))).toBeLessThan(60_000);
    expect(submitted.Database).toBe(warehouse.target.Database);
    await vi.waitFor(
      async () => {
        const state = await warehouse.client.send(
          new DescribeStatementCommand({ Id: submitted.Id }),
        );
        expect(state).toMatchObject({ Status: 'FINISHED', HasResultSet: true, ResultRows: 1 });
        expect(state.QueryString).toBe('SELECT 1 AS one');
        expect(state.Duration).toBeGreaterThan(0);
        expect(state.UpdatedAt).toBeInstanceOf(Date);
      },
      { timeout: 20_000 },
    );
  });

  it('needs no DescribeStatement when the statement ends inside of WaitTimeSeconds', async () => {
    const submitted = await warehouse.client.send(
      new ExecuteStatementCommand({
        ...warehouse.target,
        Sql: 'SELECT 1',
        WaitTimeSeconds: 20,
      }),
    );
    expect(submitted).toMatchObject({ Status: 'FINISHED', HasResultSet: true });
  });

  it('tells a failure of the SQL by DescribeStatement only', async () => {
    const state = await warehouse.execute('SELECT x FROM no_such_table');
    expect(state.Status).toBe('FAILED');
    expect(state.Error).toBe('ERROR: relation "no_such_table" does not exist');
    await expect(
      warehouse.client.send(new GetStatementResultCommand({ Id: state.Id })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('counts the rows that a change touched', async () => {
    const insert = await warehouse.execute(`INSERT INTO ${t} VALUES (1, 'a'), (2, 'b')`);
    expect(insert).toMatchObject({ Status: 'FINISHED', HasResultSet: false, ResultRows: 2 });
    const remove = await warehouse.execute(`DELETE FROM ${t}`);
    expect(remove.ResultRows).toBe(2);
  });

  it('refuses an unknown workgroup, database, secret and statement', async () => {
    const submit = (input: object) =>
      warehouse.client.send(
        new ExecuteStatementCommand({ ...warehouse.target, Sql: 'SELECT 1', ...input }),
      );
    const refused = { name: 'ValidationException' };
    await expect(submit({ WorkgroupName: 'no-such-workgroup' })).rejects.toMatchObject(refused);
    await expect(submit({ SecretArn: 'no-such-secret' })).rejects.toMatchObject(refused);
    if (isLocal) {
      // AWS tells it later, by a FAILED statement.
      await expect(submit({ Database: 'no_such_database' })).rejects.toMatchObject(refused);
    }
    await expect(
      warehouse.client.send(new DescribeStatementCommand({ Id: randomUUID() })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('parameters (data-api, "Running SQL statements with parameters")', () => {
  it('binds named parameters as texts, also when used twice', async () => {
    const state = await warehouse.execute(
      'SELECT CAST(:n AS INTEGER) + CAST(:n AS INTEGER) AS twice, :word AS word',
      {
        Parameters: [
          { name: 'n', value: '21' },
          { name: 'word', value: "it's" },
        ],
      },
    );
    const page = await warehouse.client.send(new GetStatementResultCommand({ Id: state.Id }));
    expect(page.Records).toEqual([[{ longValue: 42 }, { stringValue: "it's" }]]);
  });

  it('refuses an empty value and a parameter that no statement uses', async () => {
    const submit = (value: string) =>
      warehouse.client.send(
        new ExecuteStatementCommand({
          ...warehouse.target,
          Sql: 'SELECT 1',
          Parameters: [{ name: 'unused', value }],
        }),
      );
    await expect(submit('')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(submit('1')).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('fails a statement whose parameter is not given', async () => {
    const state = await warehouse.execute('SELECT :missing');
    expect(state.Status).toBe('FAILED');
  });
});

describe('GetStatementResult (API_GetStatementResult, API_Field)', () => {
  it('gives each type in its own member and DECIMAL, DATE, TIMESTAMP as texts', async () => {
    const state = await warehouse.execute(`SELECT 5 AS i, CAST(7 AS BIGINT) AS l, TRUE AS b,
      CAST(1.5 AS DOUBLE PRECISION) AS d, CAST(12.30 AS DECIMAL(5,2)) AS n, 'x' AS s, '' AS e,
      CAST('2025-07-01' AS DATE) AS day, CAST('2025-07-01 10:00:00' AS TIMESTAMP) AS at,
      CAST(NULL AS INTEGER) AS nothing`);
    const page = await warehouse.client.send(new GetStatementResultCommand({ Id: state.Id }));
    expect(page.TotalNumRows).toBe(1);
    expect(page.Records?.[0]).toEqual([
      { longValue: 5 },
      { longValue: 7 },
      { booleanValue: true },
      { doubleValue: 1.5 },
      { stringValue: '12.30' },
      { stringValue: 'x' },
      { stringValue: '' },
      { stringValue: '2025-07-01' },
      { stringValue: expect.stringMatching(/^2025-07-01 10:00:00(\.0)?$/) as string },
      { isNull: true },
    ]);
    const types = page.ColumnMetadata?.map(({ name, typeName }) => `${name} ${typeName}`);
    expect(types).toEqual([
      'i int4',
      'l int8',
      'b bool',
      'd float8',
      'n numeric',
      's varchar',
      'e varchar',
      'day date',
      'at timestamp',
      'nothing int4',
    ]);
    expect(page.ColumnMetadata?.[4]).toMatchObject({ precision: 5, scale: 2, label: 'n' });
  });

  it('rounds a BIGINT above 2^53 and keeps it as a text', async () => {
    expect(
      await warehouse.rows(
        `SELECT 9007199254740993 AS rounded, CAST(9007199254740993 AS VARCHAR(20)) AS kept`,
      ),
    ).toEqual([[9007199254740992, '9007199254740993']]);
  });

  it('pages a large result by NextToken until it is gone, each row once and in order', async () => {
    const digits = Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ');
    const state = await warehouse.execute(`WITH d AS (${digits})
      SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n AS n, repeat('x', 200) AS filler
      FROM d a CROSS JOIN d b CROSS JOIN d c CROSS JOIN d e ORDER BY 1`);
    const seen: unknown[] = [];
    let pages = 0;
    let NextToken: string | undefined;
    do {
      const page = await warehouse.client.send(
        new GetStatementResultCommand({ Id: state.Id, NextToken }),
      );
      expect(page.TotalNumRows).toBe(10_000);
      for (const record of page.Records ?? []) seen.push(record[0]?.longValue);
      pages += 1;
      NextToken = page.NextToken;
    } while (NextToken);
    expect(pages).toBeGreaterThan(1);
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  it('has the columns of a result without rows', async () => {
    const state = await warehouse.execute(`SELECT id AS "Ident" FROM ${t} WHERE 1 = 0`);
    const page = await warehouse.client.send(new GetStatementResultCommand({ Id: state.Id }));
    expect(page.Records).toEqual([]);
    // Names fold to lower case, quoted ones too (r_names).
    expect(page.ColumnMetadata?.map(({ name }) => name)).toEqual(['ident']);
  });

  it('refuses a row above 64 KB', async () => {
    const state = await warehouse.execute(
      `SELECT repeat('x', 40000) AS a, repeat('y', 40000) AS b`,
    );
    expect(state.Status).toBe('FAILED');
  });
});

describe('CancelStatement and ListStatements (API_CancelStatement, API_ListStatements)', () => {
  const slow = `SELECT count(*) FROM pg_class a CROSS JOIN pg_class b CROSS JOIN pg_class c
    CROSS JOIN pg_class d WHERE a.relname || b.relname || c.relname = d.relname`;

  it('ends a running batch as ABORTED and rolls it back', async () => {
    const name = `cancelled-${randomUUID()}`;
    const { Id } = await warehouse.client.send(
      new BatchExecuteStatementCommand({
        ...warehouse.target,
        StatementName: name,
        Sqls: [`INSERT INTO ${t} VALUES (50, 'gone')`, slow],
      }),
    );
    await vi.waitFor(
      async () => {
        const { Statements } = await warehouse.client.send(
          new ListStatementsCommand({ StatementName: 'cancelled-', Status: 'STARTED' }),
        );
        expect(Statements).toMatchObject([{ Id, StatementName: name, IsBatchStatement: true }]);
      },
      { timeout: 20_000 },
    );
    const cancelled = await warehouse.client.send(new CancelStatementCommand({ Id }));
    expect(cancelled.Status).toBe(true);
    const state = await warehouse.client.send(
      new DescribeStatementCommand({ Id, WaitTimeSeconds: 20 }),
    );
    expect(state.Status).toBe('ABORTED');
    expect(await warehouse.rows(`SELECT count(*) FROM ${t} WHERE id = 50`)).toEqual([[0]]);
    await expect(warehouse.client.send(new CancelStatementCommand({ Id }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('lists finished statements only, unless another status is asked for', async () => {
    const name = `default-${randomUUID()}`;
    const listed = async (Status?: 'ALL' | 'FAILED') => {
      const list = new ListStatementsCommand({ StatementName: name, Status });
      return (await warehouse.client.send(list)).Statements?.map((each) => each.Status).sort();
    };
    await warehouse.execute('SELECT 1', { StatementName: name });
    await warehouse.execute('SELECT 1 / 0', { StatementName: name });
    expect(await listed()).toEqual(['FINISHED']);
    expect(await listed('FAILED')).toEqual(['FAILED']);
    expect(await listed('ALL')).toEqual(['FAILED', 'FINISHED']);
  });

  it('lists by prefix of the name, page by page', async () => {
    const prefix = `listed-${randomUUID()}`;
    for (const n of [1, 2, 3]) {
      await warehouse.execute('SELECT 1', { StatementName: `${prefix}-${n}` });
    }
    const names: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await warehouse.client.send(
        new ListStatementsCommand({
          StatementName: prefix,
          Status: 'ALL',
          MaxResults: 2,
          NextToken,
        }),
      );
      expect(page.Statements?.length).toBeLessThanOrEqual(2);
      for (const { StatementName } of page.Statements ?? []) names.push(StatementName);
      NextToken = page.NextToken;
    } while (NextToken);
    expect(names.sort()).toEqual([1, 2, 3].map((n) => `${prefix}-${n}`));
  });
});
