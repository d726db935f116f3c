import type { CleanColumn, TableDataset } from '../../schemas/datasets/dataset.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';
import { checksumSql, piecesSql } from './judged-columns.ts';
import { judgedImage } from './judged-row.ts';

/** Names of one dataset's warehouse tables and the source that is verified. */
export interface WarehouseScope {
  readonly dataset: TableDataset;
  readonly source: string;
}

/** The frontier that is shown, one row if all is well. */
export function frontierSql({ dataset, source }: WarehouseScope): string {
  return (
    `SELECT epoch, seq, ready, live, committed_ms FROM ops.${dataset.entity}_frontier ` +
    `WHERE source = ${quoteText(source)} AND shown = 1 ORDER BY epoch, seq`
  );
}

/**
 * The source transactions of the newest numbers, newest first. Only images that name their
 * transaction; the rows of a snapshot and markers may name none.
 */
export function transactionsSql(scope: WarehouseScope, epoch: number, from: number, to: number) {
  return (
    `SELECT gtid, MIN(seq) AS first_seq FROM ${changes(scope)} ` +
    `WHERE ${inEpoch(scope, epoch)} AND seq > ${from} AND seq <= ${to} ` +
    `AND kind IN ('+', '-', 'T') GROUP BY gtid ORDER BY 2 DESC`
  );
}

/** What the warehouse has taken in above a number. */
export function laterChangesSql(scope: WarehouseScope, epoch: number, above: number): string {
  return (
    `SELECT key_hash, image_id, SUM(CASE WHEN kind = '-' THEN -1 WHEN kind = 'T' THEN 0 ELSE 1 END) AS copies, ` +
    `MAX(CASE WHEN kind = 'T' THEN 1 ELSE 0 END) AS barrier FROM ${changes(scope)} ` +
    `WHERE ${inEpoch(scope, epoch)} AND seq > ${above} AND kind IN ('+', '-', 'X', 'T') ` +
    `GROUP BY key_hash, image_id`
  );
}

/** Live images of records that could not be read. */
export function unreadableSql(scope: WarehouseScope, epoch: number): string {
  const { dataset } = scope;
  return (
    `SELECT key_hash, ${dataset.keyField} AS key_text FROM careplus.${dataset.entity}_state ` +
    `WHERE ${inEpoch(scope, epoch)} AND image_id LIKE 'x:%' AND copies > 0`
  );
}

/** How many numbers the history holds, and whether the one at the frontier ends its transaction. */
export function numbersSql(scope: WarehouseScope, epoch: number): string {
  const { dataset } = scope;
  return (
    `SELECT COUNT(*) AS numbers, COUNT(DISTINCT c.seq) AS distinct_numbers, ` +
    `MIN(c.seq) AS first_seq, MAX(c.seq) AS last_seq, ` +
    `MIN(CASE WHEN c.seq = f.seq THEN c.tx_end END) AS ends, ` +
    // Of an image that cannot be read nobody knows when it was committed.
    `MAX(CASE WHEN c.kind = 'X' THEN 0 ELSE c.committed_ms END) AS committed_ms ` +
    `FROM ${changes(scope)} c JOIN ops.${dataset.entity}_frontier f ` +
    `ON f.source = c.source AND f.epoch = c.epoch AND f.shown = 1 ` +
    `WHERE c.source = ${quoteText(scope.source)} AND c.epoch = ${epoch}`
  );
}

/** Images that wait above the frontier. */
export function pendingSql(scope: WarehouseScope, epoch: number): string {
  return (
    `SELECT COUNT(*) AS pending FROM careplus.${scope.dataset.entity}_pending ` +
    `WHERE ${inEpoch(scope, epoch)}`
  );
}

/** Gaps between the numbers of the history. */
export function gapsSql(scope: WarehouseScope, epoch: number): string {
  return (
    `SELECT q.previous + 1 AS first_seq, q.seq - 1 AS last_seq FROM (SELECT seq, ` +
    `CASE WHEN LAG(seq) OVER (ORDER BY seq) IS NULL THEN 0 ELSE LAG(seq) OVER (ORDER BY seq) END AS previous ` +
    `FROM (SELECT DISTINCT seq FROM ${changes(scope)} WHERE ${inEpoch(scope, epoch)}) d) q ` +
    `WHERE q.seq > q.previous + 1 ORDER BY q.seq LIMIT 100`
  );
}

export function doubledNumbersSql(scope: WarehouseScope, epoch: number): string {
  return (
    `SELECT seq FROM ${changes(scope)} WHERE ${inEpoch(scope, epoch)} ` +
    `GROUP BY seq HAVING COUNT(*) > 1 ORDER BY seq LIMIT 100`
  );
}

/** Images whose signs since the last barrier do not add up to the copies in the state. */
export function driftSql(scope: WarehouseScope, epoch: number): string {
  const { dataset } = scope;
  const here = inEpoch(scope, epoch);
  const sign = `SUM(CASE WHEN c.kind = '-' THEN -1 ELSE 1 END)`;
  return (
    `SELECT a.image_id AS history_image, s.image_id AS state_image, a.copies AS history_copies, s.copies AS state_copies ` +
    `FROM (SELECT c.key_hash, c.image_id, ${sign} AS copies FROM ${changes(scope)} c ` +
    `WHERE ${here} AND c.kind IN ('+', '-', 'X') AND c.seq > ` +
    `(SELECT COALESCE(MAX(t.seq), 0) FROM ${changes(scope)} t WHERE ${inEpoch(scope, epoch, 't.')} AND t.kind = 'T') ` +
    `GROUP BY c.key_hash, c.image_id HAVING ${sign} <> 0) a ` +
    `FULL JOIN (SELECT key_hash, image_id, SUM(copies) AS copies FROM careplus.${dataset.entity}_state ` +
    `WHERE ${here} GROUP BY key_hash, image_id) s ` +
    `ON s.key_hash = a.key_hash AND s.image_id = a.image_id ` +
    `WHERE a.copies IS NULL OR s.copies IS NULL OR a.copies <> s.copies LIMIT 1000`
  );
}

/** A slice of all image ids: from (inclusive) and to (exclusive), null where it is open. */
export interface ImageSlice {
  readonly from: string | null;
  readonly to: string | null;
}

/** Cuts all image ids into slices of about equal size; a power of two up to 16. */
export function imageSlices(count: number): ImageSlice[] {
  const edge = (index: number) => (index === 0 || index === count ? null : hexDigit(index));
  const hexDigit = (index: number) => ((index * 16) / count).toString(16);
  return Array.from({ length: count }, (_, index) => ({ from: edge(index), to: edge(index + 1) }));
}

export function stateSql(scope: WarehouseScope, epoch: number, slice: ImageSlice): string {
  const { columns } = judgedImage(scope.dataset);
  return (
    `SELECT s.image_id, s.key_hash, s.copies, s.rules_version, s.is_latest, s.event_seq, ` +
    `${checksumSql(columns, 's')} AS checksum FROM careplus.${scope.dataset.entity}_state s ` +
    `WHERE ${inEpoch(scope, epoch, 's.')} AND ${inSlice(slice, 's.image_id')}`
  );
}

/** The judged columns of some images. */
export function stateDetailsSql(
  scope: WarehouseScope,
  epoch: number,
  imageIds: readonly string[],
): string {
  return (
    `SELECT s.image_id, ${piecesSql(judgedImage(scope.dataset).columns, 's')} ` +
    `FROM careplus.${scope.dataset.entity}_state s ` +
    `WHERE ${inEpoch(scope, epoch, 's.')} AND s.image_id IN (${imageIds.map(quoteText).join(', ')})`
  );
}

export function shownSql(scope: WarehouseScope, slice: ImageSlice): string {
  const columns = scope.dataset.cleanColumns.map(({ name }: CleanColumn) => name).join(', ');
  return (
    `SELECT image_id, copies, ${columns} FROM careplus.${scope.dataset.entity}s ` +
    `WHERE source = ${quoteText(scope.source)} AND ${inSlice(slice)}`
  );
}

export function quarantineSql(scope: WarehouseScope, slice: ImageSlice): string {
  return (
    `SELECT image_id, copies, reasons FROM careplus.${scope.dataset.entity}_quarantine ` +
    `WHERE source = ${quoteText(scope.source)} AND ${inSlice(slice)}`
  );
}

function changes({ dataset }: WarehouseScope): string {
  return `careplus.${dataset.entity}_changes`;
}

function inEpoch({ source }: WarehouseScope, epoch: number, prefix = ''): string {
  return `${prefix}source = ${quoteText(source)} AND ${prefix}epoch = ${epoch}`;
}

/** Unreadable images are read apart. */
export function inSlice({ from, to }: ImageSlice, column = 'image_id'): string {
  const bounds = [`${column} NOT LIKE 'x:%'`];
  if (from !== null) bounds.push(`${column} >= '${from}'`);
  if (to !== null) bounds.push(`${column} < '${to}'`);
  return bounds.join(' AND ');
}
