import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parquetOf } from './parquet-objects.ts';
import { isLocal, openRedshift, type RedshiftUnderTest } from './redshift-endpoint.ts';

let warehouse: RedshiftUnderTest;
let t: string;
let prefix: string;

beforeAll(async () => {
  warehouse = await openRedshift();
  t = `${warehouse.schema}.copied`;
  prefix = `conformance/${warehouse.schema}`;
  await warehouse.execute(`CREATE TABLE ${t} (id INTEGER, big BIGINT, name VARCHAR(8),
    price DECIMAL(7,2), ok BOOLEAN, day DATE)`);
});
beforeEach(async () => {
  await warehouse.execute(`DELETE FROM ${t}`);
});
afterAll(async () => {
  await warehouse.execute(`DROP TABLE ${t}`);
  await warehouse.close();
});

const columns = (values: string) =>
  `SELECT * FROM (VALUES ${values}) v(id, big, name, price, ok, day)`;
const row = (id: number, name: string) =>
  `(${id}::INTEGER, ${id}::BIGINT, ${name}::VARCHAR, 1.50::DECIMAL(7,2), true, DATE '2025-07-01')`;

interface Entry {
  readonly url: string;
  readonly mandatory?: boolean;
  readonly meta?: { readonly content_length: number };
}

const url = (key: string) => `s3://${warehouse.bucket}/${key}`;

/** Puts a file and gives its manifest entry. */
async function put(name: string, query: string): Promise<Entry> {
  const bytes = await parquetOf(query);
  const key = `${prefix}/${name}`;
  await warehouse.putObject(key, bytes);
  return { url: url(key), mandatory: true, meta: { content_length: bytes.length } };
}

async function copy(name: string, entries: readonly unknown[], columnList = '') {
  const key = `${prefix}/${name}.manifest`;
  await warehouse.putObject(key, Buffer.from(JSON.stringify({ entries })));
  return warehouse.execute(
    `COPY ${t} ${columnList} FROM '${url(key)}' IAM_ROLE '${warehouse.roleArn}'
     FORMAT AS PARQUET MANIFEST STATUPDATE OFF`,
  );
}

const rowCount = async () => (await warehouse.rows(`SELECT count(*) FROM ${t}`))[0]?.[0];

describe('COPY from Parquet by manifest (copy-usage_notes-copy-from-columnar)', () => {
  it('loads the rows of all files', async () => {
    const entries = [
      await put('a.parquet', columns(`${row(1, "'one'")}, ${row(2, 'NULL')}`)),
      await put('b.parquet', columns(row(3, "''"))),
    ];
    expect(await copy('all', entries)).toMatchObject({ Status: 'FINISHED', ResultRows: 3 });
    expect(await warehouse.rows(`SELECT * FROM ${t} ORDER BY id`)).toEqual([
      [1, 1, 'one', '1.50', true, '2025-07-01'],
      [2, 2, null, '1.50', true, '2025-07-01'],
      [3, 3, '', '1.50', true, '2025-07-01'],
    ]);
  });

  it('keeps texts that look like marks of a transport', async () => {
    const texts = ['\\N', '\\.', '"', 'a,b', 'a\nb', 'a\r\nb', '\n\\.\n', "'", 'NULL', '\t', '\\'];
    const literal = (text: string) =>
      Array.from(text, (char) => `chr(${char.charCodeAt(0)})`).join(' || ');
    const values = texts.map((text, index) => row(index, literal(text))).join(', ');
    await copy('marks', [await put('marks.parquet', columns(values))]);
    const rows = await warehouse.rows(`SELECT name FROM ${t} ORDER BY id`);
    expect(rows.map(([name]) => name)).toEqual(texts);
  });

  it('binds columns by position, never by name', async () => {
    const swapped = await put(
      'names.parquet',
      `SELECT v.day AS z, v.big AS id, v.name AS whatever, v.price AS a, v.ok AS b, v.d AS c
       FROM (SELECT 7::INTEGER AS day, 8::BIGINT AS big, 'x' AS name, 1::DECIMAL(7,2) AS price,
         false AS ok, DATE '2025-01-01' AS d) v`,
    );
    const plain = await put('names-2.parquet', columns(row(9, "'y'")));
    await copy('names', [swapped, plain]);
    expect(await warehouse.rows(`SELECT id, big FROM ${t} ORDER BY id`)).toEqual([
      [7, 8],
      [9, 9],
    ]);
  });

  it('takes an explicit list of columns by position', async () => {
    const entry = await put('list.parquet', `SELECT 'n' AS first, 5::INTEGER AS second`);
    await copy('list', [entry], '(name, id)');
    expect(await warehouse.rows(`SELECT id, name, big FROM ${t}`)).toEqual([[5, 'n', null]]);
  });

  it.each([
    ['INT64 into INTEGER', `1::BIGINT, 1::BIGINT, 'a', 1::DECIMAL(7,2), true, DATE '2025-01-01'`],
    ['INT32 into BIGINT', `1::INTEGER, 1::INTEGER, 'a', 1::DECIMAL(7,2), true, DATE '2025-01-01'`],
    [
      'DECIMAL of another scale',
      `1::INTEGER, 1::BIGINT, 'a', 1::DECIMAL(7,3), true, DATE '2025-01-01'`,
    ],
    ['text into BOOLEAN', `1::INTEGER, 1::BIGINT, 'a', 1::DECIMAL(7,2), 'true', DATE '2025-01-01'`],
    [
      'TIMESTAMP into DATE',
      `1::INTEGER, 1::BIGINT, 'a', 1::DECIMAL(7,2), true, TIMESTAMP '2025-01-01'`,
    ],
    ['a missing column', `1::INTEGER, 1::BIGINT, 'a', 1::DECIMAL(7,2), true`],
    [
      'a column too many',
      `1::INTEGER, 1::BIGINT, 'a', 1::DECIMAL(7,2), true, DATE '2025-01-01', 1`,
    ],
  ])('refuses %s with code 15007 and loads nothing', async (name, values) => {
    const good = await put('good.parquet', columns(row(1, "'a'")));
    const file = `${name.replaceAll(' ', '-')}.parquet`;
    const bad = await put(file, `SELECT * FROM (VALUES (${values})) v`);
    const state = await copy('bad', [good, bad]);
    expect(state.Status).toBe('FAILED');
    expect(state.Error).toMatch(/^ERROR: Spectrum Scan Error/);
    expect(state.Error).toContain('15007');
    expect(state.Error).toContain(file);
    expect(await rowCount()).toBe(0);
  });

  it('counts the bytes of a VARCHAR and loads nothing when one text is too long', async () => {
    const good = await put('fits.parquet', columns(row(1, "'éééé'")));
    expect(await copy('fits', [good])).toMatchObject({ Status: 'FINISHED' });
    // Five characters, ten bytes: VARCHAR(8) does not hold them (r_Character_types).
    const long = await put('long.parquet', columns(`${row(2, "'ok'")}, ${row(3, "'ééééé'")}`));
    const state = await copy('long', [good, long]);
    expect(state.Status).toBe('FAILED');
    expect(state.Error).toContain('length of the data column name is longer than the length');
    expect(state.Error).toContain('long.parquet');
    expect(await rowCount()).toBe(1);
  });

  it('fails for what is no Parquet', async () => {
    const key = `${prefix}/text.parquet`;
    await warehouse.putObject(key, Buffer.from('no parquet'));
    const entry = { url: url(key), mandatory: true, meta: { content_length: 10 } };
    expect((await copy('text', [entry])).Status).toBe('FAILED');
  });
});

describe('manifest (loading-data-files-using-manifest)', () => {
  it('needs meta.content_length in each entry, code 15003', async () => {
    const { url: address } = await put('meta.parquet', columns(row(1, "'a'")));
    const state = await copy('meta', [{ url: address, mandatory: true }]);
    expect(state.Error).toContain("File entry does not have 'meta' key");
    expect(state.Error).toContain('15003');
  });

  it('needs the true length', async () => {
    const entry = await put('length.parquet', columns(row(1, "'a'")));
    const state = await copy('length', [{ ...entry, meta: { content_length: 1 } }]);
    expect(state.Status).toBe('FAILED');
    expect(await rowCount()).toBe(0);
  });

  it('fails for a mandatory file that is not there, and passes over another one', async () => {
    const there = await put('there.parquet', columns(row(1, "'a'")));
    const gone = { url: url(`${prefix}/gone.parquet`), meta: { content_length: 5 } };
    expect((await copy('gone', [there, { ...gone, mandatory: true }])).Status).toBe('FAILED');
    expect(await copy('optional', [there, gone])).toMatchObject({
      Status: 'FINISHED',
      ResultRows: 1,
    });
  });

  it('fails when the manifest itself is not there', async () => {
    const state = await warehouse.execute(
      `COPY ${t} FROM '${url(`${prefix}/none.manifest`)}' IAM_ROLE '${warehouse.roleArn}'
       FORMAT AS PARQUET MANIFEST`,
    );
    expect(state.Status).toBe('FAILED');
    expect(state.Error).toMatch(/does not exist/);
  });

  it('matches a prefix without MANIFEST (copy-parameters-data-source-s3)', async () => {
    await put('prefix-1.parquet', columns(row(1, "'a'")));
    await put('prefix-2.parquet', columns(row(2, "'b'")));
    const from = (key: string) =>
      warehouse.execute(
        `COPY ${t} FROM '${url(key)}' IAM_ROLE '${warehouse.roleArn}' FORMAT AS PARQUET`,
      );
    expect(await from(`${prefix}/prefix-`)).toMatchObject({ Status: 'FINISHED', ResultRows: 2 });
    expect((await from(`${prefix}/nothing-`)).Error).toContain('does not exist');
  });

  it('rolls back with the batch that it stands in, into a temporary table too', async () => {
    const entry = await put('batch.parquet', columns(row(1, "'a'")));
    const key = `${prefix}/batch.manifest`;
    await warehouse.putObject(key, Buffer.from(JSON.stringify({ entries: [entry] })));
    const load = [
      `CREATE TEMP TABLE c (LIKE ${t})`,
      `COPY c FROM '${url(key)}' IAM_ROLE '${warehouse.roleArn}' FORMAT AS PARQUET MANIFEST`,
      `INSERT INTO ${t} SELECT * FROM c`,
    ];
    expect((await warehouse.batch([...load, 'SELECT 1 / 0'])).Status).toBe('FAILED');
    expect(await rowCount()).toBe(0);
    expect((await warehouse.batch([...load, 'DROP TABLE c'])).Status).toBe('FINISHED');
    expect(await rowCount()).toBe(1);
  });

  it.runIf(isLocal)('fills missing columns at the end with NULL under FILLRECORD', async () => {
    const entry = await put('short.parquet', `SELECT 4::INTEGER AS id, 4::BIGINT AS big`);
    const key = `${prefix}/short.manifest`;
    await warehouse.putObject(key, Buffer.from(JSON.stringify({ entries: [entry] })));
    const state = await warehouse.execute(
      `COPY ${t} FROM '${url(key)}' IAM_ROLE '${warehouse.roleArn}'
       FORMAT AS PARQUET MANIFEST FILLRECORD`,
    );
    expect(state.Status).toBe('FINISHED');
    expect(await warehouse.rows(`SELECT id, big, name FROM ${t}`)).toEqual([[4, 4, null]]);
  });
});
