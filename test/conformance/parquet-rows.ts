import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

export interface ParquetFile {
  /** Name and physical type of each column, in file order. */
  readonly columns: readonly unknown[];
  /** BIGINT as texts. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Reads a Parquet file by DuckDB. @throws where it is none. */
export async function readParquet(bytes: Uint8Array): Promise<ParquetFile> {
  const folder = await mkdtemp(join(tmpdir(), 'careplus-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const file = join(folder, 'file.parquet');
    await writeFile(file, bytes);
    const connection = await instance.connect();
    const schema = await connection.runAndReadAll(
      `SELECT name, type FROM parquet_schema('${file}') WHERE type IS NOT NULL`,
    );
    const rows = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
    connection.closeSync();
    return {
      columns: schema.getRowsJson(),
      rows: rows.getRowObjectsJson(),
    };
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}
