import { quoteText } from '../../runtime/sql/quoting.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import type { Lifecycle } from '../../schemas/datasets/lifecycle.ts';
import { inSlice, type ImageSlice, type WarehouseScope } from './warehouse-statements.ts';

/** A table whose rows have statuses over time. */
export interface LifeScope extends WarehouseScope {
  readonly lifecycle: Lifecycle;
}

/** What stands beside each period, as it is now. */
export function carriedColumns({ keyField }: TableDataset, { carried }: Lifecycle): string[] {
  return [keyField, ...carried];
}

/** Barriers and ends of snapshots, all epochs. */
export function markersSql({ dataset, source }: WarehouseScope): string {
  return (
    `SELECT epoch, seq, kind FROM careplus.${dataset.entity}_changes ` +
    `WHERE source = ${quoteText(source)} AND kind IN ('T', 'E') ORDER BY epoch, seq`
  );
}

/** Every image that the keys which are shown now ever had, in the order of their lives. */
export function livesSql(scope: LifeScope, epoch: number, slice: ImageSlice): string {
  const { dataset, lifecycle, source } = scope;
  const { status, begun, ended } = lifecycle;
  const carried = carriedColumns(dataset, lifecycle).map((name) => `k.${name} AS now_${name}`);
  return (
    `SELECT c.key_hash, c.epoch, c.seq, c.kind, c.image_id, c.rank, c.accepted, c.rules_version, ` +
    `c.${status} AS status, c.${begun}_ms AS begun_ms, c.${ended}_ms AS ended_ms, c.committed_ms, c.gtid, ` +
    `${carried.join(', ')} FROM careplus.${dataset.entity}_state k ` +
    `JOIN careplus.${dataset.entity}_changes c ON c.source = k.source AND c.key_hash = k.key_hash ` +
    `WHERE k.source = ${quoteText(source)} AND k.epoch = ${epoch} AND k.is_latest = 1 ` +
    `AND k.accepted = 1 AND k.copies > 0 AND c.kind IN ('+', '-', 'X') ` +
    `AND ${inSlice(slice, 'k.key_hash')} ORDER BY c.key_hash, c.epoch, c.seq`
  );
}

/** The periods as they are told. */
export function periodsSql(scope: LifeScope, slice: ImageSlice): string {
  const { dataset, lifecycle, source } = scope;
  return (
    `SELECT key_hash, place, status, prior_status, entered_ms, left_ms, epoch, seq, rules_version, ` +
    `${carriedColumns(dataset, lifecycle).join(', ')} FROM careplus.${dataset.entity}_periods ` +
    `WHERE source = ${quoteText(source)} AND ${inSlice(slice, 'key_hash')} ORDER BY key_hash, place`
  );
}
