import { quoteText } from '../../runtime/sql/quoting.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { ERASED_RULES_VERSION } from '../../schemas/erased-image.ts';
import { imageRowColumns, verdictColumns } from '../../schemas/image-row.ts';
import {
  checksumSql,
  comparedColumns,
  pieceSql,
  piecesSql,
  type ComparedColumn,
} from './judged-columns.ts';
import { judgedImage } from './judged-row.ts';
import type { WarehouseScope } from './warehouse-statements.ts';

/** So many rows of a kind are named. */
const NAMED = 100;

/** The columns that a row of the state has from the event that gave it. */
export function eventColumns(dataset: TableDataset): ComparedColumn[] {
  const verdict = verdictColumns(dataset);
  const names = verdict.map(({ name }) => name);
  return comparedColumns(verdict, names);
}

/** Rows of the state that are not what the history holds under their event's number. */
export function unlikeEventsSql(scope: WarehouseScope, epoch: number): string {
  const columns = eventColumns(scope.dataset);
  const identity: ComparedColumn[] = ['image_id', 'key_hash'].map((name) => ({
    ...{ name, form: 'narrow' },
  }));
  const differs = [...identity, ...columns].map((column) => `(${differsSql(column, 's', 'c')})`);
  const both = columns.map(
    (column) =>
      `${pieceSql(column, 'c')} AS h_${column.name}, ${pieceSql(column, 's')} AS s_${column.name}`,
  );
  return (
    `SELECT s.image_id, s.${scope.dataset.keyField} AS key_text, s.event_seq, c.seq, ${both.join(', ')} ` +
    `FROM careplus.${scope.dataset.entity}_state s LEFT JOIN ${history(scope)} c ` +
    `ON c.source = s.source AND c.epoch = s.epoch AND c.seq = s.event_seq ` +
    `WHERE s.source = ${quoteText(scope.source)} AND s.epoch = ${epoch} ` +
    `AND (c.seq IS NULL OR ${differs.join(' OR ')}) LIMIT ${NAMED}`
  );
}

/** Blanks at the end count, and NULL is a value of its own. */
function differsSql({ name, form }: ComparedColumn, a: string, b: string): string {
  const [left, right] = [a, b].map((alias) =>
    form === 'number' ? `${alias}.${name}` : `${alias}.${name} || '.'`,
  );
  return `CASE WHEN ${left} = ${right} OR (${a}.${name} IS NULL AND ${b}.${name} IS NULL) THEN 0 ELSE 1 END = 1`;
}

/**
 * Images that the history tells in several ways: what a row says is a function of its content and
 * of the rules, and what came also went.
 */
export function unlikeImagesSql(scope: WarehouseScope): string {
  const { columns } = judgedImage(scope.dataset);
  return (
    `SELECT i.image_id FROM (SELECT h.image_id, h.rules_version, MIN(h.frozen) AS first_frozen, ` +
    `MAX(h.frozen) AS last_frozen, MIN(h.checksum) AS first_sum, MAX(h.checksum) AS last_sum ` +
    `FROM (SELECT c.image_id, c.rules_version, ` +
    `c.key_hash || ':' || CAST(c.rank AS VARCHAR(20)) || ':' || COALESCE(c.book_day, '-') AS frozen, ` +
    `${checksumSql(columns, 'c')} AS checksum FROM ${history(scope)} c ` +
    `WHERE c.source = ${quoteText(scope.source)} AND c.kind IN ('+', '-') ` +
    `AND c.rules_version < ${ERASED_RULES_VERSION}) h GROUP BY h.image_id, h.rules_version) i ` +
    `GROUP BY i.image_id HAVING MIN(i.first_frozen) <> MAX(i.last_frozen) ` +
    `OR MAX(CASE WHEN i.first_sum <> i.last_sum THEN 1 ELSE 0 END) = 1 LIMIT ${NAMED}`
  );
}

/** All rows of some images in the history. */
export function imageRowsSql(scope: WarehouseScope, imageIds: readonly string[]): string {
  return (
    `SELECT c.epoch, c.seq, c.image_id, c.rules_version, c.key_hash, c.${scope.dataset.keyField} AS key_text, ` +
    `${piecesSql(judgedImage(scope.dataset).columns, 'c')} FROM ${history(scope)} c ` +
    `WHERE c.source = ${quoteText(scope.source)} AND c.kind IN ('+', '-') ` +
    `AND c.rules_version < ${ERASED_RULES_VERSION} ` +
    `AND c.image_id IN (${imageIds.map(quoteText).join(', ')}) ` +
    `ORDER BY c.image_id, c.epoch, c.seq LIMIT 1000`
  );
}

/** Rows of the history whose columns do not go together: none of them is ever written so. */
export function oddRowsSql(scope: WarehouseScope): string {
  const odd = [
    `c.tx_end NOT IN (0, 1) OR c.kind NOT IN ('+', '-', 'X', 'T', 'E')`,
    `c.kind IN ('T', 'E') AND (c.key_hash <> '' OR c.image_id <> '' OR c.rules_version <> 0 OR c.accepted <> 0 OR c.reasons IS NOT NULL)`,
    `c.kind = 'X' AND (c.image_id <> 'x:' || CAST(c.seq AS VARCHAR(20)) OR c.accepted <> 0 OR c.rules_version NOT IN (0, ${ERASED_RULES_VERSION}) OR c.reasons IS NULL OR c.original IS NOT NULL)`,
    `c.kind IN ('+', '-') AND (LENGTH(c.key_hash) <> 32 OR c.rules_version <= 0 OR (LENGTH(c.image_id) <> 32 AND c.rules_version < ${ERASED_RULES_VERSION}))`,
    `c.kind IN ('+', '-') AND c.accepted = 1 AND (c.reasons IS NOT NULL OR c.original IS NOT NULL)`,
    `c.kind IN ('+', '-') AND c.accepted <> 1 AND (c.accepted <> 0 OR c.reasons IS NULL)`,
  ];
  return (
    `SELECT c.epoch, c.seq, c.kind, c.tx_end, c.image_id, c.rules_version, c.accepted ` +
    `FROM ${history(scope)} c WHERE c.source = ${quoteText(scope.source)} ` +
    `AND (${odd.map((each) => `(${each})`).join(' OR ')}) LIMIT ${NAMED}`
  );
}

/**
 * Neighbours that do not agree on their source transaction: inside one, all have its GTID and time;
 * behind its end begins another.
 */
export function brokenTransactionsSql(scope: WarehouseScope): string {
  const inOrder = 'OVER (PARTITION BY c.epoch ORDER BY c.seq)';
  const before = (column: string) => `LAG(c.${column}) ${inOrder} AS prior_${column}`;
  return (
    `SELECT q.epoch, q.seq, q.gtid, q.prior_gtid, q.committed_ms, q.prior_committed_ms, q.prior_tx_end ` +
    `FROM (SELECT c.epoch, c.seq, c.kind, c.gtid, c.committed_ms, ${['seq', 'kind', 'gtid', 'committed_ms', 'tx_end'].map(before).join(', ')} ` +
    `FROM ${history(scope)} c WHERE c.source = ${quoteText(scope.source)}) q ` +
    `WHERE q.prior_seq = q.seq - 1 AND q.kind IN ('+', '-') AND q.prior_kind IN ('+', '-') ` +
    `AND q.gtid IS NOT NULL AND q.prior_gtid IS NOT NULL ` +
    `AND ((q.prior_tx_end = 0 AND (q.gtid <> q.prior_gtid OR q.committed_ms <> q.prior_committed_ms)) ` +
    `OR (q.prior_tx_end = 1 AND q.gtid = q.prior_gtid)) LIMIT ${NAMED}`
  );
}

/** The columns of a history row that its archived record determines, whatever the rules. */
export function frozenColumns(dataset: TableDataset): ComparedColumn[] {
  const names = ['kind', 'key_hash', 'image_id', 'rank', 'book_day', 'gtid', 'committed_ms'];
  return comparedColumns(imageRowColumns(dataset), names);
}

/** Checksums of a stretch of the history, for the images that could be read and were not erased. */
export function archivedSumsSql(
  scope: WarehouseScope,
  epoch: number,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const { dataset } = scope;
  return (
    `SELECT c.seq, c.rules_version, ${checksumSql(frozenColumns(dataset), 'c')} AS frozen, ` +
    `${checksumSql(judgedImage(dataset).columns, 'c')} AS judged FROM ${history(scope)} c ` +
    `WHERE c.source = ${quoteText(scope.source)} AND c.epoch = ${epoch} ` +
    `AND c.seq BETWEEN ${from} AND ${to} AND c.kind <> 'X' AND c.rules_version < ${ERASED_RULES_VERSION}`
  );
}

/** Some rows of the history, as pieces. */
export function archivedRowsSql(
  scope: WarehouseScope,
  epoch: number,
  seqs: readonly number[],
): string {
  const judged = judgedImage(scope.dataset).columns;
  const frozen = frozenColumns(scope.dataset).filter(
    ({ name }) => !judged.some((column) => column.name === name),
  );
  return (
    `SELECT c.seq, ${piecesSql([...frozen, ...judged], 'c')} FROM ${history(scope)} c ` +
    `WHERE c.source = ${quoteText(scope.source)} AND c.epoch = ${epoch} AND c.seq IN (${seqs.join(', ')})`
  );
}

/** Sources that are shown beside the one that is verified. */
export function otherSourcesSql({ dataset, source }: WarehouseScope): string {
  return (
    `SELECT DISTINCT source FROM ops.${dataset.entity}_frontier ` +
    `WHERE shown = 1 AND source <> ${quoteText(source)} ORDER BY source LIMIT ${NAMED}`
  );
}

function history({ dataset }: WarehouseScope): string {
  return `careplus.${dataset.entity}_changes`;
}
