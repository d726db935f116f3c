import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { imageRowColumns, verdictColumns } from '../schemas/image-row.ts';
import { COPIED, LISTED, REPORT_STEP, type LoadStatement } from './load-statement.ts';
import { periodStatements } from './period-statements.ts';
import { commitOf, reachStatement, SPANS, spanStatement } from './reach-statements.ts';
import { REPEATED, repeatStatements } from './repeat-statements.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

/**
 * The statements that turn a batch of copied image rows into state, history, pending images and a
 * frontier. They belong into one transaction that begins with a LOCK. What is wide is written once,
 * into the history; the steps on the way carry numbers and hashes.
 *
 * The frontier is the deduplication: every number up to it has arrived, so a copied image at or
 * below it is a repeat, unless a higher rules version judged it. What lies above it waits as
 * pending until nothing before it is missing and its source transaction has ended.
 *
 * Redshift's narrow points shape the text: no keys or indexes to lean on, DELETE without alias or
 * sub-query, correlated sub-queries only as joins, CAST and never `::`, no word from its reserved
 * list. The shapes are constant, only literals vary, so that compiled code is used again. What
 * tells rows apart stands first in PARTITION BY and GROUP BY: all rows share few sources and epochs,
 * and a sort that begins with them compares long equal texts.
 */
export function imageStatements(dataset: TableDataset, batchId: string): LoadStatement[] {
  const t = imageTables(dataset);
  const names = imageRowColumns(dataset).map((column) => column.name);
  const img = (alias: string) => names.map((name) => `${alias}.${name}`).join(', ');
  const imgNames = names.join(', ');
  const verdictNames = verdictColumns(dataset).map((column) => column.name);
  const verdict = (alias: string) => verdictNames.map((name) => `${alias}.${name}`).join(', ');
  const batch = quoteText(batchId);
  const { lifecycle } = dataset;
  const periods = lifecycle && periodStatements(dataset, lifecycle, t);
  const newest = newestReadyEpochs(t.frontier);

  return [
    ...repeatStatements({
      columns: names,
      place: (c) => [`${c}.seq`, `${c}.epoch`, `${c}.source`],
      order: (c) => `${c}.rules_version DESC, ${c}.image_id`,
    }),
    spanStatement,
    {
      step: 'open epochs',
      sql: `INSERT INTO ${t.frontier} (source, epoch, seq, ready, live, shown, committed_ms, batch_id)
SELECT e.source, e.epoch, 0, 0, 1, 0, 0, ${batch}
FROM ${SPANS} e
LEFT JOIN ${t.frontier} f ON f.source = e.source AND f.epoch = e.epoch
LEFT JOIN ${t.frontier} g ON g.source = e.source AND g.shown = 1
WHERE f.epoch IS NULL AND (g.epoch IS NULL OR e.epoch > g.epoch)`,
    },
    {
      // A repeat counts only when a newer rules version judged it, or when it was unreadable.
      step: 'find rejudged',
      sql: `CREATE TEMP TABLE rejudged AS SELECT ${img('s')}, o.kind AS old_kind, o.key_hash AS old_key_hash
FROM ${COPIED} s
JOIN ${t.changes} o ON o.source = s.source AND o.epoch = s.epoch AND o.seq = s.seq
WHERE s.rules_version > o.rules_version AND o.seq >= (SELECT min(lowest) FROM ${SPANS})`,
    },
    {
      step: 'drop old verdicts',
      sql: `DELETE FROM ${t.changes} USING rejudged
WHERE ${t.changesName}.source = rejudged.source AND ${t.changesName}.epoch = rejudged.epoch AND ${t.changesName}.seq = rejudged.seq`,
    },
    {
      step: 'add new verdicts',
      sql: `INSERT INTO ${t.changes} (${imgNames}) SELECT ${img('r')} FROM rejudged r`,
    },
    {
      step: 'drop older pending',
      sql: `DELETE FROM ${t.pending} USING ${COPIED}
WHERE ${t.pendingName}.source = ${COPIED}.source AND ${t.pendingName}.epoch = ${COPIED}.epoch AND ${t.pendingName}.seq = ${COPIED}.seq AND ${COPIED}.rules_version > ${t.pendingName}.rules_version`,
    },
    {
      step: 'drop repeats of pending',
      sql: `DELETE FROM ${COPIED} USING ${t.pending}
WHERE ${COPIED}.source = ${t.pendingName}.source AND ${COPIED}.epoch = ${t.pendingName}.epoch AND ${COPIED}.seq = ${t.pendingName}.seq`,
    },
    reachStatement(t),
    {
      // Mostly there is none: then what was copied goes straight into the history.
      step: 'take pending',
      sql: `INSERT INTO ${COPIED} (${imgNames}) SELECT ${img('p')}
FROM ${t.pending} p
JOIN reach w ON w.source = p.source AND w.epoch = p.epoch AND p.seq > w.lo AND p.seq <= w.hi`,
    },
    {
      step: 'drop taken pending',
      sql: `DELETE FROM ${t.pending} USING reach
WHERE ${t.pendingName}.source = reach.source AND ${t.pendingName}.epoch = reach.epoch AND ${t.pendingName}.seq <= reach.hi`,
    },
    {
      step: 'keep pending',
      sql: `INSERT INTO ${t.pending} (${imgNames}) SELECT ${img('s')}
FROM ${COPIED} s
JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.live = 1
LEFT JOIN reach w ON w.source = s.source AND w.epoch = s.epoch
WHERE s.seq > CASE WHEN w.hi IS NULL THEN f.seq ELSE w.hi END`,
    },
    {
      // Each number once and one frontier per epoch, or nothing of this batch. The quotient is
      // stored, for a planner may leave out what nobody reads.
      step: 'check frontier',
      sql: `INSERT INTO ${t.batches} (batch_id, check_name, passed, loaded_at)
SELECT ${batch}, 'frontier', 1 / CASE WHEN count(*) = 0 THEN 1 ELSE 0 END, getdate()
FROM (SELECT w.source FROM reach w
  LEFT JOIN (SELECT s.source, s.epoch, count(*) AS images FROM ${reached('s')} GROUP BY s.source, s.epoch) a ON a.source = w.source AND a.epoch = w.epoch
  WHERE a.images IS NULL OR a.images <> w.hi - w.lo
  UNION ALL SELECT f.source FROM ${t.frontier} f GROUP BY f.source, f.epoch HAVING count(*) > 1) z`,
    },
    {
      // Epochs whose state ends here: a barrier lies in this batch, or a newer one is whole.
      step: 'emptied epochs',
      sql: `CREATE TEMP TABLE emptied AS SELECT f.source, f.epoch, CASE WHEN f.epoch < n.epoch THEN 1 ELSE 0 END AS closed
FROM ${t.frontier} f
LEFT JOIN reach w ON w.source = f.source AND w.epoch = f.epoch
LEFT JOIN (${newest}) n ON n.source = f.source
WHERE f.live = 1 AND (w.bar > 0 OR f.epoch < n.epoch)`,
    },
    {
      // Mostly there is none: then nothing is read.
      step: 'empty state',
      sql: `DELETE FROM ${t.state} USING emptied
WHERE ${t.stateName}.source = emptied.source AND ${t.stateName}.epoch = emptied.epoch`,
    },
    {
      step: 'drop closed pending',
      sql: `DELETE FROM ${t.pending} USING emptied
WHERE ${t.pendingName}.source = emptied.source AND ${t.pendingName}.epoch = emptied.epoch AND emptied.closed = 1`,
    },
    {
      // Whose state is written anew; a key that appears has none.
      step: 'touched keys',
      sql: `CREATE TEMP TABLE touched AS SELECT DISTINCT s.source, s.epoch, s.key_hash
FROM (SELECT s.key_hash, s.epoch, s.source FROM ${applied('s')}
  UNION ALL SELECT key_hash, epoch, source FROM rejudged
  UNION ALL SELECT old_key_hash, epoch, source FROM rejudged) y
JOIN ${t.state} s ON s.source = y.source AND s.epoch = y.epoch AND s.key_hash = y.key_hash
${keeping(t, 'y')}`,
    },
    {
      step: 'hold state',
      sql: `CREATE TEMP TABLE held AS SELECT s.source, s.epoch, s.key_hash, s.image_id, s.copies, s.event_seq, ${verdict('s')}
FROM ${t.state} s JOIN touched k ON k.source = s.source AND k.epoch = s.epoch AND k.key_hash = s.key_hash`,
    },
    {
      // Which image of a content gives its verdict and number: highest rules version, an appearance
      // before a departure, then the newest. Which content of a key is shown: rank, then image id,
      // never the number, for another snapshot numbers the same rows in another order. A repair adds
      // its sign only where the unreadable image still stands: a barrier may have removed it.
      step: 'rebuild',
      sql: `CREATE TEMP TABLE rebuilt AS SELECT z.source, z.epoch, z.key_hash, z.image_id, z.copies,
 CASE WHEN z.copies > 0 AND row_number() OVER (PARTITION BY z.key_hash, z.epoch, z.source ORDER BY CASE WHEN z.copies > 0 THEN 0 ELSE 1 END, z.rank DESC, z.image_id DESC) = 1 THEN 1 ELSE 0 END AS is_latest,
 count(*) OVER (PARTITION BY z.key_hash, z.epoch, z.source) AS contents, z.event_seq, z.fresh
FROM (SELECT y.source, y.epoch, y.key_hash, y.image_id, y.event_seq, y.fresh, y.rank,
   CAST(sum(y.copies) OVER (PARTITION BY y.image_id, y.key_hash, y.epoch, y.source) AS BIGINT) AS copies,
   row_number() OVER (PARTITION BY y.image_id, y.key_hash, y.epoch, y.source ORDER BY y.rules_version DESC, y.appears DESC, y.event_seq DESC) AS rn
  FROM (SELECT i.source, i.epoch, i.key_hash, i.image_id, i.seq AS event_seq, CASE WHEN i.kind = '-' THEN -1 ELSE 1 END AS copies, CASE WHEN i.kind = '-' THEN 0 ELSE 1 END AS appears, i.rank, i.rules_version, 1 AS fresh
    FROM ${applied('i')}
    UNION ALL SELECT r.source, r.epoch, r.key_hash, r.image_id, r.seq, CASE WHEN x.seq IS NULL THEN 0 WHEN r.kind = '-' THEN -1 ELSE 1 END, CASE WHEN r.kind = '-' THEN 0 ELSE 1 END, r.rank, r.rules_version, 1
    FROM rejudged r LEFT JOIN (${repaired}) x ON x.source = r.source AND x.epoch = r.epoch AND x.seq = r.seq WHERE r.kind IN ('+', '-')
    UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.seq, -1, 1, x.rank, 0, 0 FROM (${repaired}) x
    UNION ALL SELECT h.source, h.epoch, h.key_hash, h.image_id, h.event_seq, h.copies, 1, h.rank, h.rules_version, 0 FROM held h) y) z
WHERE z.rn = 1 AND z.copies <> 0`,
    },
    {
      step: 'drop touched state',
      sql: `DELETE FROM ${t.state} USING touched
WHERE ${t.stateName}.source = touched.source AND ${t.stateName}.epoch = touched.epoch AND ${t.stateName}.key_hash = touched.key_hash`,
    },
    {
      step: 'write state',
      sql: `INSERT INTO ${t.state} (source, epoch, key_hash, image_id, copies, is_latest, event_seq, ${verdictNames.join(', ')})
SELECT n.source, n.epoch, n.key_hash, n.image_id, n.copies, n.is_latest, n.event_seq, ${verdict('s')}
FROM rebuilt n JOIN ${COPIED} s ON s.seq = n.event_seq AND s.epoch = n.epoch AND s.source = n.source
${keeping(t, 'n')} AND n.fresh = 1
UNION ALL SELECT n.source, n.epoch, n.key_hash, n.image_id, n.copies, n.is_latest, n.event_seq, ${verdict('h')}
FROM rebuilt n JOIN held h ON h.image_id = n.image_id AND h.key_hash = n.key_hash AND h.epoch = n.epoch AND h.source = n.source
WHERE n.fresh = 0`,
    },
    {
      // An image that became readable tells its time behind the frontier, whichever came first.
      step: 'move frontier',
      sql: `UPDATE ${t.frontier} SET seq = CASE WHEN moved.hi > ${t.frontierName}.seq THEN moved.hi ELSE ${t.frontierName}.seq END,
 committed_ms = CASE WHEN moved.ms > ${t.frontierName}.committed_ms THEN moved.ms ELSE ${t.frontierName}.committed_ms END,
 ready = CASE WHEN moved.ready = 1 THEN 1 ELSE ${t.frontierName}.ready END, batch_id = ${batch}
FROM (SELECT m.source, m.epoch, max(m.hi) AS hi, max(m.ready) AS ready, max(m.ms) AS ms
  FROM (SELECT w.source, w.epoch, w.hi, w.ready, w.ms FROM reach w
    UNION ALL SELECT r.source, r.epoch, 0, 0, ${commitOf('r')} FROM rejudged r) m
  GROUP BY m.source, m.epoch) moved
WHERE ${t.frontierName}.source = moved.source AND ${t.frontierName}.epoch = moved.epoch`,
    },
    {
      step: 'show epochs',
      sql: `UPDATE ${t.frontier} SET live = CASE WHEN ${t.frontierName}.epoch >= newest.epoch THEN 1 ELSE 0 END,
 shown = CASE WHEN ${t.frontierName}.epoch = newest.epoch THEN 1 ELSE 0 END
FROM (${newest}) newest WHERE ${t.frontierName}.source = newest.source AND (${t.frontierName}.epoch < newest.epoch OR ${t.frontierName}.shown = 0) AND ${t.frontierName}.live = 1`,
    },
    ...(periods?.find ?? []),
    {
      // Behind what asks whether a key has a past.
      step: 'write history',
      sql: `INSERT INTO ${t.changes} (${imgNames}) SELECT ${img('s')} FROM ${reached('s')}`,
    },
    ...(periods?.tell ?? []),
    {
      step: REPORT_STEP,
      sql: `${reportQuery(dataset, ', CASE WHEN n.negative IS NULL THEN 0 ELSE n.negative END AS negative')}
LEFT JOIN (SELECT source, epoch, count(*) AS negative FROM rebuilt WHERE copies < 0 GROUP BY source, epoch) n ON n.source = f.source AND n.epoch = f.epoch
WHERE f.live = 1`,
    },
    {
      step: 'drop stage',
      sql: `DROP TABLE ${[LISTED, COPIED, REPEATED, SPANS, 'rejudged', 'reach', 'emptied', 'touched', 'held', 'rebuilt', ...(periods?.tables ?? [])].join(', ')}`,
    },
  ];
}

type Tables = ReturnType<typeof imageTables>;

/** The images that the frontier passes. */
const reached = (alias: string) =>
  `${COPIED} ${alias} JOIN reach w ON w.source = ${alias}.source AND w.epoch = ${alias}.epoch AND ${alias}.seq > w.lo AND ${alias}.seq <= w.hi`;

/** Those that no barrier behind them undoes. */
const applied = (alias: string) =>
  `${reached(alias)} AND ${alias}.seq > w.bar WHERE ${alias}.kind IN ('+', '-', 'X')`;

/** Only of epochs whose state is kept behind this batch. */
const keeping = (t: Tables, alias: string) =>
  `JOIN ${t.frontier} f ON f.source = ${alias}.source AND f.epoch = ${alias}.epoch AND f.live = 1
LEFT JOIN emptied c ON c.source = ${alias}.source AND c.epoch = ${alias}.epoch AND c.closed = 1
WHERE c.source IS NULL`;

/** Unreadable images that still stand and have become readable. */
const repaired = `SELECT r.source, r.epoch, r.seq, h.key_hash, h.image_id, h.rank
    FROM rejudged r JOIN held h ON h.source = r.source AND h.epoch = r.epoch AND h.key_hash = r.old_key_hash AND h.image_id = 'x:' || CAST(r.seq AS VARCHAR(20))
    WHERE r.old_kind = 'X'`;

/** The newest epoch of each source that is whole, this batch included. */
const newestReadyEpochs = (frontier: string) =>
  `SELECT e.source, max(e.epoch) AS epoch FROM ${frontier} e LEFT JOIN reach r ON r.source = e.source AND r.epoch = e.epoch WHERE e.ready = 1 OR r.ready = 1 GROUP BY e.source`;

/** How far the warehouse is: frontier and waiting images of every live epoch. */
export function progressQuery(dataset: TableDataset): string {
  return `${reportQuery(dataset)}\nWHERE f.live = 1`;
}

function reportQuery(dataset: TableDataset, more = ''): string {
  const t = imageTables(dataset);
  return `SELECT f.source, f.epoch, f.seq, f.shown, f.committed_ms, CASE WHEN p.waiting IS NULL THEN 0 ELSE p.waiting END AS waiting${more}
FROM ${t.frontier} f
LEFT JOIN (SELECT source, epoch, count(*) AS waiting FROM ${t.pending} GROUP BY source, epoch) p ON p.source = f.source AND p.epoch = f.epoch`;
}

/** Numbers that are missing below pending ones, oldest first; asked only while something waits. */
export function holesQuery(dataset: TableDataset): string {
  const t = imageTables(dataset);
  return `SELECT q.source, q.epoch, q.prior + 1 AS missing_from, q.seq - 1 AS missing_to
FROM (SELECT p.source, p.epoch, p.seq, CASE WHEN lag(p.seq) OVER (PARTITION BY p.source, p.epoch ORDER BY p.seq) IS NULL THEN f.seq ELSE lag(p.seq) OVER (PARTITION BY p.source, p.epoch ORDER BY p.seq) END AS prior
  FROM ${t.pending} p JOIN ${t.frontier} f ON f.source = p.source AND f.epoch = p.epoch AND f.live = 1) q
WHERE q.seq > q.prior + 1 ORDER BY q.source, q.epoch, q.seq LIMIT 1000`;
}

/** A dataset's warehouse tables; the bare names qualify columns in DELETE and UPDATE. */
export function imageTables(dataset: TableDataset) {
  const entity = sqlName(dataset.entity);
  return {
    stage: `stage.${entity}_image`,
    pending: `careplus.${entity}_pending`,
    pendingName: `${entity}_pending`,
    changes: `careplus.${entity}_changes`,
    changesName: `${entity}_changes`,
    state: `careplus.${entity}_state`,
    stateName: `${entity}_state`,
    frontier: `ops.${entity}_frontier`,
    frontierName: `${entity}_frontier`,
    ledger: `ops.${entity}_ledger`,
    batches: `ops.${entity}_batches`,
  } as const;
}
