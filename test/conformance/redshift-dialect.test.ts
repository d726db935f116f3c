import { randomUUID } from 'node:crypto';
import {
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
} from '@aws-sdk/client-redshift-data';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isLocal, openRedshift, type RedshiftUnderTest } from './redshift-endpoint.ts';

let warehouse: RedshiftUnderTest;
let s: string;

beforeAll(async () => {
  warehouse = await openRedshift();
  s = warehouse.schema;
});
afterAll(async () => {
  await warehouse.close();
});

/** Runs statements in which S is the schema, as one transaction. @throws when it fails. */
async function run(...sqls: readonly string[]): Promise<void> {
  const state = await warehouse.batch(sqls.map((sql) => sql.replaceAll('S.', `${s}.`)));
  if (state.Status !== 'FINISHED') throw new Error(state.Error);
}

const rows = (sql: string) => warehouse.rows(sql.replaceAll('S.', `${s}.`));
const at = (moment: string) => `TO_CHAR(${moment}, 'YYYY-MM-DD HH24:MI:SS')`;

describe('functions', () => {
  it.each<readonly [page: string, expression: string, value: unknown]>([
    ['r_NVL_function', "NVL(NULL, NULL, 'x')", 'x'],
    ['r_NULLIF_function', "NULLIF('a', 'a')", null],
    ['r_GREATEST_LEAST', 'GREATEST(1, NULL, 3)', 3],
    ['r_LEN', "LEN('café')", 4],
    ['r_OCTET_LENGTH', "OCTET_LENGTH('café')", 5],
    ['r_LEFT', "LEFT('café', 3) || RIGHT('café', 1)", 'cafe'.replace('e', 'é')],
    ['r_STRPOS', "STRPOS('abc', 'c') + CHARINDEX('c', 'abc')", 6],
    ['r_CHR', "'a' || CHR(92) || 'b'", 'a\\b'],
    ['MD5', "MD5('Amazon Redshift')", 'f7415e33f972c03abd4f3fed36748f7a'],
    ['SHA2', "LEN(SHA2('a', 256))", 64],
    ['r_TRUNC_date', "TRUNC(TIMESTAMP '2025-07-01 23:59:59')", '2025-07-01'],
    ['r_LAST_DAY', "LAST_DAY('2024-02-05')", '2024-02-29'],
    [
      'r_DATE_TRUNC',
      at("DATE_TRUNC('hour', TIMESTAMP '2025-07-01 10:59:59')"),
      '2025-07-01 10:00:00',
    ],
    [
      'CONVERT_TIMEZONE',
      at("CONVERT_TIMEZONE('America/New_York', TIMESTAMP '2025-07-01 12:00:00')"),
      '2025-07-01 08:00:00',
    ],
    [
      'CONVERT_TIMEZONE',
      at("CONVERT_TIMEZONE('Asia/Tokyo', 'UTC', TIMESTAMP '2025-07-01 12:00:00')"),
      '2025-07-01 03:00:00',
    ],
    [
      'r_DATEADD_function',
      at("DATEADD(quarter, 1, TIMESTAMP '2024-11-30 00:00:00')"),
      '2025-02-28 00:00:00',
    ],
    ['r_DATEDIFF_function', "DATEDIFF(year, '2024-12-31', '2025-01-01')", 1],
    ['r_DATEDIFF_function', "DATEDIFF(day, '2025-01-02 00:00:00', '2025-01-01 23:59:59')", -1],
    ['r_GETDATE', 'ABS(DATEDIFF(second, GETDATE(), SYSDATE)) < 60', true],
    ['r_MOD', 'MOD(-7, 3)', -1],
    ['r_CAST_function', "CAST('7' AS INTEGER) + '5'::INTEGER", 12],
    ['r_COALESCE', "COALESCE(NULL, 'b')", 'b'],
  ])('%s: %s', async (_, expression, value) => {
    expect(await rows(`SELECT ${expression}`)).toEqual([[value]]);
  });

  it('PERCENTILE_CONT interpolates, COUNT DISTINCT passes over NULL (r_PERCENTILE_CONT, r_COUNT)', async () => {
    const numbers = 'SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 4 UNION ALL SELECT NULL';
    const [middle] = await rows(
      `SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n) FROM (${numbers}) q`,
    );
    expect(Number(middle?.[0])).toBe(2);
    expect(await rows(`SELECT COUNT(DISTINCT n), COUNT(n), COUNT(*) FROM (${numbers}) q`)).toEqual([
      [3, 3, 4],
    ]);
  });
});

describe('tables and changes', () => {
  it('UNIQUE and FOREIGN KEY are not enforced, NOT NULL is (t_Defining_constraints)', async () => {
    await run(
      'CREATE TABLE S.parent (id INTEGER UNIQUE)',
      'CREATE TABLE S.child (id INTEGER NOT NULL REFERENCES S.parent (id), UNIQUE (id))',
      'INSERT INTO S.parent VALUES (1), (1)',
      'INSERT INTO S.child VALUES (7), (7)',
    );
    expect(await rows('SELECT COUNT(*) FROM S.child')).toEqual([[2]]);
    await expect(run('INSERT INTO S.child VALUES (NULL)')).rejects.toThrow(/null/i);
  });

  it('a table LIKE another takes its columns and, where asked to, its defaults (r_CREATE_TABLE_NEW)', async () => {
    await run(
      "CREATE TABLE S.model (id INTEGER, name VARCHAR(4) DEFAULT 'none') DISTSTYLE EVEN SORTKEY (id)",
      'CREATE TEMP TABLE plain (LIKE S.model)',
      'CREATE TEMP TABLE whole (LIKE S.model INCLUDING DEFAULTS)',
      'INSERT INTO plain (id) VALUES (1)',
      'INSERT INTO whole (id) VALUES (2)',
      'INSERT INTO S.model SELECT id, name FROM plain UNION ALL SELECT id, name FROM whole',
      'DROP TABLE plain, whole',
    );
    expect(await rows('SELECT id, name FROM S.model ORDER BY id')).toEqual([
      [1, null],
      [2, 'none'],
    ]);
  });

  it('VARCHAR(MAX) holds 65,535 bytes, VARCHAR without a length 256 (r_Character_types)', async () => {
    await run('CREATE TABLE S.wide (a VARCHAR(MAX), b VARCHAR)');
    const insert = (bytes: number, column: string) =>
      run(`INSERT INTO S.wide (${column}) VALUES ('${'x'.repeat(bytes)}')`);
    await insert(65_535, 'a');
    await insert(256, 'b');
    await expect(insert(65_536, 'a')).rejects.toThrow(/too long/i);
    await expect(insert(257, 'b')).rejects.toThrow(/too long/i);
  });

  it('DELETE USING and UPDATE FROM join other tables (r_DELETE, r_UPDATE)', async () => {
    await run(
      'CREATE TABLE S.target (id INTEGER, name VARCHAR(9))',
      "INSERT INTO S.target VALUES (1, 'a'), (2, 'b'), (3, 'c')",
      'CREATE TEMP TABLE gone AS SELECT 1 AS id',
      "CREATE TEMP TABLE news AS SELECT 2 AS id, CAST('news' AS VARCHAR(9)) AS name",
      'DELETE FROM S.target USING gone WHERE target.id = gone.id',
      'UPDATE S.target SET name = news.name FROM news WHERE target.id = news.id',
    );
    expect(await rows('SELECT id, name FROM S.target ORDER BY id')).toEqual([
      [2, 'news'],
      [3, 'c'],
    ]);
  });

  it('NULLs come last, first where the order descends (r_ORDER_BY_clause)', async () => {
    const values = 'SELECT 1 AS n UNION ALL SELECT NULL UNION ALL SELECT 2';
    expect(await rows(`SELECT n FROM (${values}) q ORDER BY n`)).toEqual([[1], [2], [null]]);
    expect(await rows(`SELECT n FROM (${values}) q ORDER BY n DESC`)).toEqual([[null], [2], [1]]);
  });

  it('an added column is NULL or its default in rows that are there (r_ALTER_TABLE)', async () => {
    await run('CREATE TABLE S.grown (id INTEGER)', 'INSERT INTO S.grown VALUES (1)');
    await run(
      'ALTER TABLE S.grown ADD COLUMN a INTEGER',
      'ALTER TABLE S.grown ADD COLUMN b INTEGER DEFAULT 7 NOT NULL',
    );
    expect(await rows('SELECT id, a, b FROM S.grown')).toEqual([[1, null, 7]]);
    // There is no IF NOT EXISTS: a second time it fails.
    await expect(run('ALTER TABLE S.grown ADD COLUMN a INTEGER')).rejects.toThrow(/exists/);
  });
});

describe('COPY from Parquet takes few options (copy-usage_notes-copy-from-columnar)', () => {
  it.each([
    "REGION 'eu-central-1'",
    'MAXERROR 5',
    'ACCEPTANYDATE',
    "TIMEFORMAT 'auto'",
    'COMPUPDATE OFF',
    'GZIP',
    'IGNOREHEADER 1',
    "DELIMITER ','",
  ])('%s is refused', async (option) => {
    await run('CREATE TABLE IF NOT EXISTS S.optioned (id INTEGER)');
    const copy = `COPY S.optioned FROM 's3://${warehouse.bucket}/none' IAM_ROLE '${warehouse.roleArn}' FORMAT AS PARQUET ${option}`;
    await expect(run(copy)).rejects.toThrow(new RegExp(option.split(' ')[0] ?? '', 'i'));
  });
});

describe('calls', () => {
  it('wait for 30 seconds at most (API_ExecuteStatement)', async () => {
    const call = { ...warehouse.target, Sql: 'SELECT 1', WaitTimeSeconds: 31 };
    await expect(warehouse.client.send(new ExecuteStatementCommand(call))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('bind a parameter that one statement of a batch uses, and refuse one that none does (API_BatchExecuteStatement)', async () => {
    const call = (...names: readonly string[]) =>
      warehouse.batch(['SELECT 1', 'SELECT CAST(:a AS INTEGER)'], {
        Parameters: names.map((name) => ({ name, value: '1' })),
      });
    expect((await call('a')).Status).toBe('FINISHED');
    await expect(call('a', 'b')).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.each([
    ['without a statement', { Sqls: [] }],
    ['with a name of 501 characters', { StatementName: 'n'.repeat(501) }],
    ['with a client token of 65 characters', { ClientToken: 't'.repeat(65) }],
  ])('are refused %s (API_BatchExecuteStatement)', async (_, input) => {
    const call = { ...warehouse.target, Sqls: ['SELECT 1'], ...input };
    await expect(
      warehouse.client.send(new BatchExecuteStatementCommand(call)),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.runIf(isLocal)(
    'read while another one writes, and see what was there before (c_serial_isolation)',
    async () => {
      await run('CREATE TABLE S.read_on (id INTEGER)', 'INSERT INTO S.read_on VALUES (1)');
      const { faults } = warehouse.local;
      const mark = randomUUID();
      faults.add({
        ...{ op: 'BatchExecuteStatement', action: 'slow-statement', skip: 0, times: 1 },
        ...{ match: mark, ms: 500 },
      });
      const writing = run(
        'DELETE FROM S.read_on',
        'INSERT INTO S.read_on VALUES (2)',
        `SELECT '${mark}'`,
      );
      await vi.waitFor(() => {
        expect(faults.fired()['BatchExecuteStatement slow-statement']).toBe(1);
      });
      expect(await rows('SELECT id FROM S.read_on')).toEqual([[1]]);
      await writing;
      expect(await rows('SELECT id FROM S.read_on')).toEqual([[2]]);
    },
  );
});
