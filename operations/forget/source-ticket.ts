import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { mysqlName } from '../../runtime/sql/quoting.ts';
import { projectColumns, withAliases } from '../../schemas/datasets/projection.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { connectSource } from '../verify/source-connection.ts';

/**
 * Makes sure that the source holds no row of a ticket; ids are compared byte for byte.
 *
 * @throws {PipelineError} WH_5006 while it does, CDC_1009 without the table, what connecting throws.
 */
export async function requireGoneAtSource(
  { source, datasets }: Config,
  dataset: TableDataset,
  ticketId: string,
  signal: AbortSignal,
): Promise<void> {
  const { database = '', table = '', aliases } = datasets[dataset.name] ?? {};
  await using connection = await connectSource(source, signal);
  const columns = await connection.query(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [database, table],
  );
  const names = columns.map(({ name }) => name ?? '');
  const projection = projectColumns(withAliases(dataset, aliases).mapping, names);
  const column = 'columns' in projection ? projection.columns.get(dataset.keyField) : undefined;
  if (column === undefined) {
    throw new PipelineError('CDC_1009', `${database}.${table} has no column ${dataset.keyField}`);
  }
  const [found] = await connection.query(
    `SELECT COUNT(*) AS copies FROM ${mysqlName(database)}.${mysqlName(table)}
WHERE CAST(CONVERT(${mysqlName(column)} USING utf8mb4) AS BINARY) = CAST(? AS BINARY)`,
    [ticketId],
  );
  const copies = Number(found?.['copies']);
  if (copies === 0) return;
  throw new PipelineError('WH_5006', `${database}.${table} holds ${copies} rows of the ticket`);
}
