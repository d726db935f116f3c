import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { imageTables } from './image-statements.ts';

/**
 * Reads the ledger once, at the start: from then on the loader knows by itself what it has loaded,
 * and an idle lake asks nothing of the warehouse.
 *
 * @returns ETag by object key.
 */
export async function readLedger(
  api: DataApi,
  dataset: TableDataset,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { ledger } = imageTables(dataset);
  const { rows } = await api.query(`SELECT object_key, etag FROM ${ledger}`, { signal });
  return new Map(rows.map((row) => [String(row['object_key']), String(row['etag'])]));
}
