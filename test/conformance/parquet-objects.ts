import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** The bytes of a Parquet file with the rows of a query in DuckDB's SQL. */
export async function parquetOf(query: string): Promise<Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), 'careplus-parquet-'));
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    const path = join(directory, 'rows.parquet');
    await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet, COMPRESSION snappy)`);
    return readFileSync(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(directory, { recursive: true, force: true });
  }
}
