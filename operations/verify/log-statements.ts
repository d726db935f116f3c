import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';
import { checksumSql, piecesSql } from './judged-columns.ts';
import { judgedEntry } from './judged-row.ts';
import { inSlice, type ImageSlice } from './warehouse-statements.ts';

interface Scope {
  readonly dataset: LogDataset;
  readonly host: string;
}

/** How far each file is covered. */
export function logFrontierSql({ dataset, host }: Scope): string {
  return (
    `SELECT generation, generation_start, upto FROM ops.${dataset.entity}_frontier ` +
    `WHERE host = ${quoteText(host)}`
  );
}

/** Ranges that wait above a frontier. */
export function logPendingSql({ dataset, host }: Scope): string {
  return `SELECT COUNT(*) AS pending FROM careplus.${dataset.entity}_pending WHERE host = ${quoteText(host)}`;
}

/** Every range that was read of these files, in the order of the files. */
export function arrivalsSql(scope: Scope, generations: readonly string[]): string {
  return (
    `SELECT r.generation, r.pos, r.len, r.kind, r.entry_id FROM (${readRanges(scope)}) r ` +
    `WHERE r.generation IN (${list(generations)}) ORDER BY r.generation, r.pos`
  );
}

/** What was read of all other files, by entry. */
export function otherArrivalsSql(scope: Scope, generations: readonly string[]): string {
  return (
    `SELECT r.generation, r.kind, r.entry_id, COUNT(*) AS copies FROM (${readRanges(scope)}) r ` +
    `WHERE r.generation NOT IN (${list(generations)}) GROUP BY r.generation, r.kind, r.entry_id`
  );
}

/** Ranges up to the frontiers and above them, for entries count as they come; and unreadable ones. */
function readRanges({ dataset, host }: Scope): string {
  const of = `WHERE host = ${quoteText(host)}`;
  const ranges = (table: string) =>
    `SELECT generation, pos, len, kind, entry_id FROM careplus.${dataset.entity}_${table} ${of}`;
  return (
    `${ranges('arrivals')} UNION ALL ${ranges('pending')} UNION ALL ` +
    `SELECT generation, pos, len, CAST('X' AS VARCHAR(1)) AS kind, CAST('' AS VARCHAR(32)) AS entry_id ` +
    `FROM careplus.${dataset.entity}_unreadable ${of}`
  );
}

export function entryStateSql({ dataset, host }: Scope, slice: ImageSlice): string {
  return (
    `SELECT e.entry_id, e.copies, e.rules_version, e.accepted, e.book_day, e.reasons, e.generation, ` +
    `e.pos, ${checksumSql(judgedEntry(dataset).columns, 'e')} AS checksum ` +
    `FROM careplus.${dataset.entity}_entry e ` +
    `WHERE e.host = ${quoteText(host)} AND ${inSlice(slice, 'e.entry_id')}`
  );
}

/** The judged columns of some entries. */
export function entryDetailsSql({ dataset, host }: Scope, entryIds: readonly string[]): string {
  return (
    `SELECT e.entry_id, ${piecesSql(judgedEntry(dataset).columns, 'e')} ` +
    `FROM careplus.${dataset.entity}_entry e ` +
    `WHERE e.host = ${quoteText(host)} AND e.entry_id IN (${entryIds.map(quoteText).join(', ')})`
  );
}

/** The rows of the view that dashboards read; its entries tell no host. */
export function shownEntriesSql({ dataset, host }: Scope, slice: ImageSlice): string {
  const columns = dataset.cleanColumns.map(({ name }) => `v.${name}`).join(', ');
  return (
    `SELECT v.entry_id, ${columns} FROM careplus.${dataset.entity}_entries v ` +
    `JOIN careplus.${dataset.entity}_entry e ON e.entry_id = v.entry_id ` +
    `WHERE e.host = ${quoteText(host)} AND ${inSlice(slice, 'v.entry_id')}`
  );
}

export function quarantinedEntriesSql({ dataset, host }: Scope, slice: ImageSlice): string {
  return (
    `SELECT image_id, copies, reasons FROM careplus.${dataset.entity}_quarantine ` +
    `WHERE source = ${quoteText(host)} AND image_id <> '' AND ${inSlice(slice, 'image_id')}`
  );
}

/** SQL knows no empty list; no generation is called ''. */
function list(generations: readonly string[]): string {
  return ['', ...generations].map(quoteText).join(', ');
}
