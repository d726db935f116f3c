import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BI_USER, prepareWarehouse } from '../../infra/local/aws-endpoint/redshift/warehouse.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import { imageRowColumns } from '../../schemas/image-row.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { loadStatements, takeOverStatements } from '../../warehouse-loader/load-statements.ts';
import { parquetOf } from './parquet-objects.ts';
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

const value = async (expression: string, from = '') =>
  (await warehouse.rows(`SELECT ${expression} ${from}`))[0]?.[0];

describe('results that differ from PostgreSQL', () => {
  it('AVG of integers is an integer, of a DECIMAL keeps its scale (r_AVG)', async () => {
    await warehouse.batch([
      `CREATE TABLE ${s}.numbers (i INTEGER, b BIGINT, n DECIMAL(5,2), f DOUBLE PRECISION)`,
      `INSERT INTO ${s}.numbers VALUES (1, 1, 1.00, 1), (2, 2, 2.05, 2), (NULL, NULL, NULL, NULL)`,
    ]);
    expect(await warehouse.rows(`SELECT avg(i), avg(b), avg(n), avg(f) FROM ${s}.numbers`)).toEqual(
      [[1, 1, expect.stringMatching(/^1\.5[23]$/), 1.5]],
    );
    expect(await warehouse.rows(`SELECT avg(i) FROM ${s}.numbers WHERE i IS NULL`)).toEqual([
      [null],
    ]);
  });

  it('EXTRACT of a TIMESTAMP gives whole numbers (r_EXTRACT_function)', async () => {
    const at = "TIMESTAMP '2025-07-01 10:00:43.9'";
    expect(await value(`EXTRACT(second FROM ${at})`)).toBe(43);
    expect(await value(`EXTRACT(EPOCH FROM ${at}) / 60`)).toBe(29_189_400);
  });

  it('divides integers to an integer', async () => {
    expect(await value('7 / 2')).toBe(3);
  });

  it('CONCAT is NULL when one text is (r_CONCAT)', async () => {
    expect(await value("CONCAT('a', NULL)")).toBeNull();
  });

  it('counts boundaries with DATEDIFF (r_DATEDIFF_function)', async () => {
    expect(await value("DATEDIFF(minute, '2025-01-01 00:00:59', '2025-01-01 00:01:00')")).toBe(1);
    expect(await value("DATEDIFF(month, '2024-12-31', '2025-02-01')")).toBe(2);
    expect(await value("CAST(DATEADD(month, 1, '2025-01-31') AS DATE)")).toBe('2025-02-28');
  });

  it('reads a backslash in a string as an escape', async () => {
    expect(await value("LENGTH('a\\\\b')")).toBe(3);
  });

  it('compares texts byte by byte', async () => {
    expect(await value("CASE WHEN 'B' < 'a' THEN 1 ELSE 0 END")).toBe(1);
  });
});

describe('tables', () => {
  it('does not enforce a primary key (t_Defining_constraints)', async () => {
    const state = await warehouse.batch([
      `CREATE TABLE ${s}.keyed (id INTEGER PRIMARY KEY)`,
      `INSERT INTO ${s}.keyed VALUES (1), (1)`,
    ]);
    expect(state.Status).toBe('FINISHED');
  });

  it('counts a VARCHAR in bytes, in a table made LIKE another too (r_Character_types)', async () => {
    await warehouse.batch([
      `CREATE TABLE ${s}.texts (name VARCHAR(4))`,
      `CREATE TABLE ${s}.more (LIKE ${s}.texts)`,
    ]);
    for (const table of ['texts', 'more']) {
      const fits = await warehouse.execute(`INSERT INTO ${s}.${table} VALUES ('éé')`);
      expect(fits.Status).toBe('FINISHED');
      const long = await warehouse.execute(`INSERT INTO ${s}.${table} VALUES ('ééé')`);
      expect(long.Status).toBe('FAILED');
      expect(long.Error).toMatch(/value too long for (character )?type/i);
    }
    expect((await warehouse.execute(`UPDATE ${s}.texts SET name = 'ééé'`)).Status).toBe('FAILED');
  });

  it('numbers rows by IDENTITY (r_CREATE_TABLE_NEW)', async () => {
    await warehouse.batch([
      `CREATE TABLE ${s}.numbered (id BIGINT IDENTITY(1,1), name VARCHAR(4))`,
      `INSERT INTO ${s}.numbered (name) VALUES ('a'), ('b')`,
    ]);
    const rows = await warehouse.rows(`SELECT id FROM ${s}.numbered`);
    expect(new Set(rows.flat()).size).toBe(2);
  });

  it('binds parameters in changes too', async () => {
    await warehouse.execute(`CREATE TABLE ${s}.bound (id INTEGER, name VARCHAR(9))`);
    await warehouse.execute(`INSERT INTO ${s}.bound VALUES (:id, :name)`, {
      Parameters: [
        { name: 'id', value: '7' },
        { name: 'name', value: ':name' },
      ],
    });
    expect(await warehouse.rows(`SELECT id, name FROM ${s}.bound`)).toEqual([[7, ':name']]);
  });
});

describe('transactions', () => {
  /** Reads what another call commits while this one waits for its lock. */
  async function race(statements: (table: string) => string[]): Promise<unknown> {
    const table = `${s}.raced_${Math.random().toString(36).slice(2)}`;
    await warehouse.batch([`CREATE TABLE ${table} (id INTEGER)`]);
    const calls = Array.from({ length: 4 }, () => warehouse.batch(statements(table)));
    await Promise.all(calls);
    return (await warehouse.rows(`SELECT count(*) FROM ${table}`))[0]?.[0];
  }
  const firstOnly = (table: string) =>
    `INSERT INTO ${table} SELECT 1 FROM (SELECT count(*) AS n FROM ${table}) q WHERE q.n = 0`;

  it('takes its snapshot behind a LOCK that comes first (c_serial_isolation)', async () => {
    expect(await race((table) => [`LOCK TABLE ${table}`, firstOnly(table)])).toBe(1);
  });

  it.runIf(isLocal)('shows a LOCK that comes too late', async () => {
    const gate = new pg.Client(warehouse.local.postgresUrl);
    await gate.connect();
    const table = `${s}.late`;
    await warehouse.batch([`CREATE TABLE ${table} (id INTEGER)`]);
    await gate.query(`BEGIN; LOCK TABLE ${table}`);
    const calls = [1, 2].map(() =>
      warehouse.batch(['SELECT 1', `LOCK TABLE ${table}`, firstOnly(table)]),
    );
    await expect
      .poll(
        async () => {
          const { rows } = await gate.query<{ waiting: number }>(
            `SELECT count(*)::integer AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
          );
          return rows[0]?.waiting;
        },
        { timeout: 20_000 },
      )
      .toBe(2);
    await gate.query('COMMIT');
    await Promise.all(calls);
    await gate.end();
    // Both looked before the other one wrote.
    expect(await warehouse.rows(`SELECT count(*) FROM ${table}`)).toEqual([[2]]);
  });
});

describe.runIf(isLocal)('warehouse of CarePlus', () => {
  const [dataset] = tableDatasets;
  const folder = new URL('../../schemas/warehouse/', import.meta.url);
  const migrations = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), 'utf8').split(/;[ \t]*\n/))
    .map((statements) => statements.filter((sql) => sql.trim() !== ''));

  const image = (seq: number, values: Readonly<Record<string, string | number>>) => ({
    source: 'conformance',
    epoch: 1,
    seq,
    tx_end: 1,
    kind: '+',
    key_hash: 'k',
    image_id: `i${seq}`,
    rank: seq,
    rules_version: 1,
    accepted: 1,
    ...values,
  });

  // A migration of which nothing was noted is run again; one that others have followed never is.
  // Redshift adds no column IF NOT EXISTS: such a statement is noted in its own transaction.
  it('takes every migration, a second time too before the next', async () => {
    for (const statements of migrations) {
      const again = statements.filter((sql) => !/\bADD COLUMN\b/.test(sql));
      for (const batch of [statements, again]) {
        if (batch.length === 0) continue;
        const state = await warehouse.batch(batch);
        expect(state.Error).toBeUndefined();
        expect(state.Status).toBe('FINISHED');
      }
    }
  });

  it('runs a whole batch of the loader', async () => {
    if (!dataset) throw new Error('no dataset');
    const columns = imageRowColumns(dataset);
    const types = { int: 'INTEGER', bigint: 'BIGINT', string: 'VARCHAR' } as const;
    const images = [
      image(1, { ticket_id: 'T-1', status: 'Open' }),
      image(2, { kind: 'E', key_hash: '', image_id: '' }),
    ];
    const rows = images.map((each: Readonly<Record<string, string | number>>) => {
      const values = columns.map(({ name, glueType }) => {
        const literal = each[name] === undefined ? 'NULL' : `'${each[name]}'`;
        return `CAST(${literal} AS ${types[glueType]}) AS ${name}`;
      });
      return `SELECT ${values.join(', ')}`;
    });
    const bytes = await parquetOf(rows.join(' UNION ALL '));
    const key = 'support-tickets/processed/dt=2025-07-01/hour=10/images.parquet';
    const manifest = '_loader/manifests/support-tickets/b1.manifest';
    await warehouse.putObject(key, bytes);
    const entry = {
      url: `s3://${warehouse.bucket}/${key}`,
      mandatory: true,
      meta: { content_length: bytes.length },
    };
    await warehouse.putObject(manifest, Buffer.from(JSON.stringify({ entries: [entry] })));

    const sqls = (statements: readonly { readonly sql: string }[]) =>
      statements.map(({ sql }) => sql);
    await warehouse.batch(sqls(takeOverStatements(dataset, 'token')));
    const object = { key, etag: 'e', bytes: bytes.length, modifiedMs: 0 };
    const load = (token: string) =>
      warehouse.batch(
        sqls(
          loadStatements(
            { dataset, batchId: 'b1', objects: [object] },
            {
              token,
              manifestUrl: `s3://${warehouse.bucket}/${manifest}`,
              copyRoleArn: warehouse.roleArn,
            },
          ),
        ),
      );
    const fenced = await load('an older token');
    expect(fenced.SubStatements?.findIndex(({ Status }) => Status === 'FAILED')).toBe(1);
    expect(fenced.Error).toMatch(/division by zero/);
    for (const attempt of ['first', 'repeated']) {
      const state = await load('token');
      expect(state.Error, attempt).toBeUndefined();
    }
    expect(await warehouse.rows('SELECT ticket_id, status FROM reporting.tickets')).toEqual([
      ['T-1', 'Open'],
    ]);
    const { frontier } = imageTables(dataset);
    expect(await warehouse.rows(`SELECT seq, shown FROM ${frontier}`)).toEqual([[2, 1]]);
  });

  it('lets the BI user read the reporting views over the wire, and nothing else', async () => {
    const url = new URL(warehouse.local.postgresUrl);
    await prepareWarehouse(url.href, { biPassword: 'conformance' });
    url.username = BI_USER;
    url.password = 'conformance';
    const bi = new pg.Client(url.href);
    await bi.connect();
    try {
      const { rows } = await bi.query(
        'SELECT avg(n) AS mean FROM (SELECT 1 AS n UNION ALL SELECT 2) q',
      );
      expect(rows).toEqual([{ mean: '1' }]);
      const shown = await bi.query('SELECT ticket_id FROM reporting.tickets');
      expect(shown.rows).toEqual([{ ticket_id: 'T-1' }]);
      for (const hidden of ['careplus.tickets', 'ops.loader', 'data_api.statements']) {
        await expect(bi.query(`SELECT 1 FROM ${hidden}`)).rejects.toThrow(/permission denied/);
      }
      for (const written of [
        'CREATE TEMP TABLE mine (n INTEGER)',
        'CREATE TABLE public.mine (n INTEGER)',
        'CREATE SCHEMA mine',
        'SELECT lo_create(0)',
        `SELECT pg_read_file('postgresql.conf')`,
      ]) {
        await expect(bi.query(written), written).rejects.toThrow(/permission denied/);
      }
      const limits = await bi.query(
        `SELECT current_setting('statement_timeout') AS longest, rolconnlimit AS sessions
         FROM pg_roles WHERE rolname = current_user`,
      );
      expect(limits.rows).toEqual([{ longest: '1min', sessions: 20 }]);
    } finally {
      await bi.end();
    }
  });

  it('may be prepared again, by two at once', async () => {
    const { postgresUrl } = warehouse.local;
    await Promise.all([prepareWarehouse(postgresUrl), prepareWarehouse(postgresUrl)]);
    expect(await warehouse.rows('SELECT ticket_id FROM reporting.tickets')).toEqual([['T-1']]);
  });
});
