import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compileRowLine,
  ParquetConverter,
} from '../../../../../../infra/local/aws-endpoint/firehose/parquet-converter.ts';
import type { LakeColumn } from '../../../../../../schemas/lake-column.ts';

const columns: readonly LakeColumn[] = [
  { name: 'total', glueType: 'bigint', warehouseType: 'BIGINT' },
  { name: 'order', glueType: 'string', warehouseType: 'VARCHAR(32)' },
  { name: 'n', glueType: 'int', warehouseType: 'INTEGER' },
];

let folder: string;
let converter: ParquetConverter;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'careplus-parquet-'));
  converter = await ParquetConverter.open(join(folder, "it's temporary"));
});

afterEach(async () => {
  await converter.close();
  await rm(folder, { recursive: true });
});

async function convert(rows: readonly (readonly (string | null)[])[], seed = 1) {
  const rowLine = compileRowLine(columns);
  const rowsFile = join(folder, "it's rows");
  const target = join(folder, `out-${seed}.parquet`);
  await writeFile(rowsFile, rows.map((row, index) => `${rowLine(index, row)}\n`).join(''));
  await converter.convert(rowsFile, columns, 'snappy', seed, target);
  return target;
}

async function query(sql: string) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const reader = await connection.runAndReadAll(sql);
  connection.closeSync();
  return reader.getRowsJson();
}

describe('ParquetConverter', () => {
  it('writes the Glue columns in Glue order with their physical types', async () => {
    const target = await convert([['1', 'a', '2']]);
    const schema = await query(
      `SELECT name, type, repetition_type FROM parquet_schema('${target}') OFFSET 1`,
    );
    expect(schema).toEqual([
      ['total', 'INT64', 'OPTIONAL'],
      ['order', 'BYTE_ARRAY', 'OPTIONAL'],
      ['n', 'INT32', 'OPTIONAL'],
    ]);
    const codecs = await query(`SELECT DISTINCT compression FROM parquet_metadata('${target}')`);
    expect(codecs).toEqual([['SNAPPY']]);
  });

  it('keeps every value exact', async () => {
    const rows = [
      ['9223372036854775807', 'NaN', '2147483647'],
      ['-9223372036854775808', '', '-2147483648'],
      ['9007199254740993', null, null],
      [null, 'quote " \\ \n \u0000 \u{1F600} \u2028', '0'],
      ['5', '2026-01-01 00:00:00', '1'],
    ];
    const target = await convert(rows);
    const read = await query(`SELECT total::VARCHAR, "order", n::VARCHAR FROM '${target}'`);
    expect(read).toHaveLength(rows.length);
    expect(read).toEqual(expect.arrayContaining(rows));
  });

  it('shuffles the rows by the seed, always alike', async () => {
    const rows = Array.from({ length: 200 }, (_, index) => [String(index), 'row', '1']);
    const order = async (seed: number) => query(`SELECT total FROM '${await convert(rows, seed)}'`);
    const first = await order(1);
    expect(first).not.toEqual(rows.map(([total]) => [total]));
    expect(await order(2)).not.toEqual(first);
    expect(await readFile(await convert(rows, 1))).toEqual(await readFile(await convert(rows, 1)));
  });

  it('goes on after a conversion that failed', async () => {
    const missing = converter.convert(
      join(folder, 'none'),
      columns,
      'snappy',
      1,
      join(folder, 'x'),
    );
    await expect(missing).rejects.toThrow();
    expect(await query(`SELECT count(*) FROM '${await convert([['1', 'a', '2']])}'`)).toEqual([
      ['1'],
    ]);
  });
});
