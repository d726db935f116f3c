import { PipelineError } from '../../runtime/pipeline-error.ts';
import { mysqlName } from '../../runtime/sql/quoting.ts';
import type { RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import { projectColumns, projectRow } from '../../schemas/datasets/projection.ts';
import { carriedText, mappedValueBytes } from '../../schemas/carried-text.ts';
import { canonicalColumn, type SourceColumn } from './canonical-columns.ts';
import { currentGtid, type SourceConnection } from './source-connection.ts';

export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** A table as it was at one moment. */
export interface TableSnapshot {
  /** Every transaction in the snapshot and no other. */
  readonly gtid: string;
  /** The mapped fields of every row, in the canonical texts of the pipeline. Read once. */
  readonly rows: AsyncIterable<RawImage>;
}

const SNAPSHOT_ATTEMPTS = 20;

/**
 * Opens a consistent snapshot of a table and finds the GTID that belongs to it, without a lock.
 * The snapshot lasts as long as the connection, or until the next one is opened on it.
 *
 * @throws {PipelineError} CDC_1009 without the table, CDC_1003 without a mapped column.
 */
export async function openTableSnapshot(
  connection: SourceConnection,
  dataset: TableDataset,
  table: TableName,
): Promise<TableSnapshot> {
  const gtid = await beginSnapshot(connection);
  const columns = await readColumns(connection, table);
  const projection = projectColumns(
    dataset.mapping,
    columns.map(({ name }) => name),
  );
  if ('missing' in projection) {
    const names = projection.missing.map(({ column }) => column).join(', ');
    throw new PipelineError('CDC_1003', `${table.database}.${table.table} lacks ${names}`);
  }
  const maxBytes = mappedValueBytes(dataset.mapping);
  return { gtid, rows: readRows(connection, table, columns, projection.columns, maxBytes) };
}

async function beginSnapshot(connection: SourceConnection): Promise<string> {
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  const begin = () => connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  if (connection.flavour === 'mariadb') {
    // MariaDB tells where its binlog stood when the snapshot was taken.
    await begin();
    const rows = await connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
    const status = new Map(rows.map((row) => [row['Variable_name']?.toLowerCase(), row['Value']]));
    const [position] = await connection.query(
      'SELECT BINLOG_GTID_POS(?, CAST(? AS UNSIGNED)) AS gtid',
      [status.get('binlog_snapshot_file') ?? '', status.get('binlog_snapshot_position') ?? ''],
    );
    return position?.['gtid'] ?? '';
  }
  // MySQL does not: the same set before and after says that nothing was committed in between.
  for (let attempt = 1; attempt <= SNAPSHOT_ATTEMPTS; attempt += 1) {
    const before = await currentGtid(connection);
    await begin();
    if ((await currentGtid(connection)) === before) return before;
  }
  throw new PipelineError('CDC_1004', 'the source found no moment between two commits', {
    retryable: true,
  });
}

/** @throws {PipelineError} CDC_1009 without the table. */
export async function readColumns(
  connection: SourceConnection,
  { database, table }: TableName,
): Promise<SourceColumn[]> {
  const rows = await connection.query(
    'SELECT COLUMN_NAME AS name, DATA_TYPE AS data_type, COLUMN_TYPE AS column_type ' +
      'FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ' +
      'ORDER BY ORDINAL_POSITION',
    [database, table],
  );
  if (rows.length === 0) throw new PipelineError('CDC_1009', `${database}.${table} does not exist`);
  return rows.map((row) => ({
    name: row['name'] ?? '',
    dataType: (row['data_type'] ?? '').toLowerCase(),
    columnType: (row['column_type'] ?? '').toLowerCase(),
  }));
}

async function* readRows(
  connection: SourceConnection,
  { database, table }: TableName,
  columns: readonly SourceColumn[],
  mapped: ReadonlyMap<string, string>,
  maxBytes: number,
): AsyncGenerator<RawImage, void, undefined> {
  const wanted = new Set(mapped.values());
  const canonical = columns
    .filter(({ name }) => wanted.has(name))
    .map((column) => ({ name: column.name, ...canonicalColumn(column, mysqlName(column.name)) }));
  const list = canonical.map(({ name, sql }) => `${sql} AS ${mysqlName(name)}`).join(', ');
  const converted = canonical.flatMap(({ name, convert }) => (convert ? [{ name, convert }] : []));
  const sql = `SELECT ${list} FROM ${mysqlName(database)}.${mysqlName(table)}`;
  for await (const row of connection.stream(sql)) {
    const texts = converted.length === 0 ? row : { ...row };
    for (const { name, convert } of converted) {
      const value = row[name] ?? null;
      if (value !== null) Object.assign(texts, { [name]: convert(value) });
    }
    yield asCarried(projectRow(mapped, texts), maxBytes);
  }
}

/** Long values as they travel. */
function asCarried(row: RawImage, maxBytes: number): RawImage {
  const texts = Object.entries(row);
  if (texts.every(([, text]) => text === null || text.length * 3 <= maxBytes)) return row;
  return Object.fromEntries(
    texts.map(([field, text]) => [field, text === null ? null : carriedText(text, maxBytes)]),
  );
}
