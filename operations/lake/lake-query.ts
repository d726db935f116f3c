import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance, type DuckDBConnection, type Json } from '@duckdb/node-api';
import type { AwsConfig } from '../../runtime/config/config-schema.ts';
import { quotedName, standardText } from '../../runtime/sql/quoting.ts';
import { logDatasets, tableDatasets } from '../../schemas/datasets/registry.ts';
import { glueTable, processedPrefix, type GlueTable } from '../../schemas/lake-layout.ts';
import { truthViewName, truthViewSql } from '../../schemas/lake-truth-view.ts';
import type { GlueType, LakeColumn } from '../../schemas/lake-column.ts';
import { downloadObjects } from './lake-objects.ts';

export interface LakeResult {
  readonly columns: readonly string[];
  /** In chunks; BIGINT as a number where that is exact, else as text. */
  readonly rows: AsyncIterable<readonly (readonly LakeValue[])[]>;
}

type LakeValue = string | number | boolean | null;

/** A TIMESTAMP (UTC) of a column of epoch milliseconds, as DuckDB writes it. */
export const timestampOfMs = (column: string): string => `epoch_ms(${column})`;

/** DuckDB must not reach for the network: extensions are built in or not used. */
const DUCKDB_OPTIONS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  memory_limit: '1GB',
  threads: '2',
};

const DUCKDB_TYPES: Readonly<Record<GlueType, string>> = {
  string: 'VARCHAR',
  int: 'INTEGER',
  bigint: 'BIGINT',
};

/**
 * Runs SQL over the lake: each Glue table is a view over the Parquet objects that are in the bucket
 * now, copied through the S3 API into a folder that is gone afterwards; beside it stands the view
 * of the dataset's clean truth.
 */
export async function queryLake<T>(
  aws: AwsConfig,
  sql: string,
  signal: AbortSignal,
  use: (result: LakeResult) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'careplus-lake-'));
  const client = new S3Client({
    region: aws.region,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint }),
  });
  try {
    const instance = await DuckDBInstance.create(':memory:', DUCKDB_OPTIONS);
    const connection = await instance.connect();
    const interrupt = () => connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      for (const dataset of [...tableDatasets, ...logDatasets]) {
        const table = glueTable(dataset);
        const target = path.join(folder, table.name);
        await mkdir(target);
        const prefix = processedPrefix(dataset);
        const objects = { client, bucket: aws.bucket, prefix, signal };
        await createTableView(connection, table, await downloadObjects(objects, target));
        const view = quotedName(truthViewName(dataset));
        await connection.run(`CREATE VIEW ${view} AS ${truthViewSql(dataset, timestampOfMs)}`);
      }
      await confine(connection, folder);
      const result = await connection.stream(sql);
      return await use({ columns: result.deduplicatedColumnNames(), rows: chunks(result) });
    } finally {
      signal.removeEventListener('abort', interrupt);
      connection.closeSync();
      instance.closeSync();
    }
  } finally {
    client.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

/** From here on SQL reads the copied objects and reaches no other file, to read or to write. */
async function confine(connection: DuckDBConnection, folder: string): Promise<void> {
  const within = standardText(folder + path.sep);
  await connection.run(`SET temp_directory = ${standardText(path.join(folder, 'spill'))}`);
  await connection.run(`SET allowed_directories = [${within}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

type StreamedResult = Awaited<ReturnType<DuckDBConnection['stream']>>;

async function* chunks(result: StreamedResult): AsyncGenerator<LakeValue[][]> {
  const types = result.columnTypes().map((type) => type.toString());
  for await (const rows of result.yieldRowsJson()) {
    yield rows.map((row) => row.map((value, index) => lakeValue(value, types[index] ?? '')));
  }
}

/** DuckDB's JSON form writes wide integers as texts; nested values have no other form here. */
function lakeValue(value: Json, type: string): LakeValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'string') return JSON.stringify(value);
  const isWide = type === 'BIGINT' || type === 'UBIGINT' || type === 'HUGEINT';
  return isWide && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A view of the table's columns; the partitions come from the arrival and are no columns of it. */
async function createTableView(
  connection: DuckDBConnection,
  table: GlueTable,
  files: readonly string[],
): Promise<void> {
  const name = quotedName(table.name);
  if (files.length === 0) {
    const columns = table.columns.map(emptyColumn).join(', ');
    await connection.run(`CREATE VIEW ${name} AS SELECT ${columns} WHERE false`);
    return;
  }
  const list = files.map(standardText).join(', ');
  const columns = table.columns.map((column) => quotedName(column.name)).join(', ');
  await connection.run(
    `CREATE VIEW ${name} AS SELECT ${columns} FROM read_parquet([${list}], union_by_name = true)`,
  );
}

function emptyColumn({ name, glueType }: LakeColumn): string {
  return `CAST(NULL AS ${DUCKDB_TYPES[glueType]}) AS ${quotedName(name)}`;
}
