import type { Frontier } from './freshness.ts';
import { countOf, textOf } from '../figures/row-values.ts';
import type { WarehouseRow } from '../figures/warehouse.ts';

/** How far the warehouse is in each source of a dataset. */
export function frontierQuery(dataset: string): string {
  return (
    `SELECT source, epoch, seq, committed_ms FROM reporting.freshness ` +
    `WHERE dataset = '${dataset}' ORDER BY source`
  );
}

/** Reads a row of {@link frontierQuery}. */
export function frontierOf(row: WarehouseRow): Frontier {
  return {
    source: textOf(row, 'source') ?? '',
    epoch: countOf(row, 'epoch') ?? 0,
    seq: countOf(row, 'seq') ?? 0,
    committedMs: countOf(row, 'committed_ms') ?? 0,
  };
}
