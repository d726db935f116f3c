import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { imageRowColumns, verdictColumns } from '../schemas/image-row.ts';
import { COPIED, REPORT_STEP, type LoadStatement } from './load-statement.ts';
import { periodStatements, periodTables } from './period-statements.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

/**
 * The statements that turn a batch of copied image rows into state, history, pending images and a
 * frontier. They belong into one transaction that begins with a LOCK.
 *
 * The frontier is the deduplication: every number up to it has arrived, so a staged image at or
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
  // The images that the frontier passes and no barrier behind them undoes.
  const applied = (alias: string) =>
    `staged ${alias} JOIN advance a ON a.source = ${alias}.source AND a.epoch = ${alias}.epoch AND ${alias}.seq > a.lo AND ${alias}.seq <= a.hi AND ${alias}.seq > a.bar WHERE ${alias}.kind IN ('+', '-', 'X')`;
  const { lifecycle } = dataset;

  return [
    {
      step: 'stage',
      sql: `CREATE TEMP TABLE staged AS SELECT ${img('q')}
FROM (SELECT c.*, row_number() OVER (PARTITION BY c.seq, c.epoch, c.source ORDER BY c.rules_version DESC, c.image_id) AS rn FROM ${COPIED} c) q
WHERE q.rn = 1`,
    },
    {
      step: 'open epochs',
      sql: `INSERT INTO ${t.frontier} (source, epoch, seq, ready, live, shown, committed_ms, batch_id)
SELECT e.source, e.epoch, 0, 0, 1, 0, 0, ${batch}
FROM (SELECT DISTINCT source, epoch FROM staged) e
LEFT JOIN ${t.frontier} f ON f.source = e.source AND f.epoch = e.epoch
LEFT JOIN ${t.frontier} g ON g.source = e.source AND g.shown = 1
WHERE f.epoch IS NULL AND (g.epoch IS NULL OR e.epoch > g.epoch)`,
    },
    {
      // A repeat counts only when a newer rules version judged it, or when it was unreadable.
      step: 'find rejudged',
      sql: `CREATE TEMP TABLE rejudged AS SELECT ${img('s')}, o.kind AS old_kind, o.key_hash AS old_key_hash
FROM staged s
JOIN ${t.changes} o ON o.source = s.source AND o.epoch = s.epoch AND o.seq = s.seq
WHERE s.rules_version > o.rules_version AND o.seq >= (SELECT min(seq) FROM staged)`,
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
      sql: `DELETE FROM ${t.pending} USING staged
WHERE ${t.pendingName}.source = staged.source AND ${t.pendingName}.epoch = staged.epoch AND ${t.pendingName}.seq = staged.seq AND staged.rules_version > ${t.pendingName}.rules_version`,
    },
    {
      step: 'drop repeats of pending',
      sql: `DELETE FROM staged USING ${t.pending}
WHERE staged.source = ${t.pendingName}.source AND staged.epoch = ${t.pendingName}.epoch AND staged.seq = ${t.pendingName}.seq`,
    },
    {
      // Numbers are distinct here, so "nothing missing" is frontier + row number; once false it stays so.
      step: 'reach',
      sql: `CREATE TEMP TABLE reach AS SELECT q.source, q.epoch, q.lo, max(q.seq) AS hi
FROM (SELECT p.source, p.epoch, p.seq, p.tx_end, f.seq AS lo, row_number() OVER (PARTITION BY p.source, p.epoch ORDER BY p.seq) AS rn
  FROM (SELECT source, epoch, seq, tx_end FROM staged UNION ALL SELECT source, epoch, seq, tx_end FROM ${t.pending}) p
  JOIN ${t.frontier} f ON f.source = p.source AND f.epoch = p.epoch AND f.live = 1 AND p.seq > f.seq) q
WHERE q.seq = q.lo + q.rn AND q.tx_end = 1
GROUP BY q.source, q.epoch, q.lo`,
    },
    {
      // Mostly there is none: then what is staged goes straight into the history.
      step: 'take pending',
      sql: `INSERT INTO staged (${imgNames}) SELECT ${img('p')}
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
FROM staged s
JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.live = 1
LEFT JOIN reach w ON w.source = s.source AND w.epoch = s.epoch
WHERE s.seq > CASE WHEN w.hi IS NULL THEN f.seq ELSE w.hi END`,
    },
    {
      step: 'advance',
      sql: `CREATE TEMP TABLE advance AS SELECT w.source, w.epoch, w.lo, w.hi, count(*) AS images, max(CASE WHEN s.kind = 'T' THEN s.seq ELSE 0 END) AS bar, max(CASE WHEN s.kind = 'E' THEN 1 ELSE 0 END) AS ready, max(CASE WHEN s.committed_ms IS NULL THEN 0 ELSE s.committed_ms END) AS ms
FROM reach w JOIN staged s ON s.source = w.source AND s.epoch = w.epoch AND s.seq > w.lo AND s.seq <= w.hi
GROUP BY w.source, w.epoch, w.lo, w.hi`,
    },
    {
      step: 'write history',
      sql: `INSERT INTO ${t.changes} (${imgNames}) SELECT ${img('s')}
FROM staged s
JOIN advance a ON a.source = s.source AND a.epoch = s.epoch AND s.seq > a.lo AND s.seq <= a.hi`,
    },
    {
      // Each number once and one frontier per epoch, or nothing of this batch. The quotient is
      // stored, for a planner may leave out what nobody reads.
      step: 'check frontier',
      sql: `INSERT INTO ${t.batches} (batch_id, check_name, passed, loaded_at)
SELECT ${batch}, 'frontier', 1 / CASE WHEN count(*) = 0 THEN 1 ELSE 0 END, getdate()
FROM (SELECT w.source FROM reach w LEFT JOIN advance a ON a.source = w.source AND a.epoch = w.epoch
  WHERE a.images IS NULL OR a.images <> w.hi - w.lo
  UNION ALL SELECT f.source FROM ${t.frontier} f GROUP BY f.source, f.epoch HAVING count(*) > 1) z`,
    },
    {
      step: 'barrier',
      sql: `DELETE FROM ${t.state} USING advance
WHERE ${t.stateName}.source = advance.source AND ${t.stateName}.epoch = advance.epoch AND advance.bar > 0`,
    },
    {
      // A repair adds its sign only where the unreadable image still stands: a barrier may have removed it.
      step: 'find repaired',
      sql: `CREATE TEMP TABLE repaired AS SELECT r.source, r.epoch, r.seq, s.key_hash, s.image_id, s.event_seq, ${verdict('s')}
FROM rejudged r
JOIN ${t.state} s ON s.source = r.source AND s.epoch = r.epoch AND s.key_hash = r.old_key_hash AND s.image_id = 'x:' || CAST(r.seq AS VARCHAR(20))
WHERE r.old_kind = 'X'`,
    },
    {
      step: 'touched keys',
      sql: `CREATE TEMP TABLE touched AS SELECT y.source, y.epoch, y.key_hash
FROM (SELECT s.source, s.epoch, s.key_hash FROM ${applied('s')}
  UNION ALL SELECT source, epoch, key_hash FROM rejudged
  UNION ALL SELECT source, epoch, key_hash FROM repaired) y
JOIN ${t.frontier} f ON f.source = y.source AND f.epoch = y.epoch AND f.live = 1
GROUP BY y.key_hash, y.epoch, y.source`,
    },
    {
      // Which image of a content gives its verdict and number: highest rules version, an appearance
      // before a departure, then the newest. Which content of a key is shown: rank, then image id,
      // never the number, for another snapshot numbers the same rows in another order.
      step: 'rebuild',
      sql: `CREATE TEMP TABLE rebuilt AS SELECT z.source, z.epoch, z.key_hash, z.image_id, z.copies,
 CASE WHEN z.copies > 0 AND row_number() OVER (PARTITION BY z.key_hash, z.epoch, z.source ORDER BY CASE WHEN z.copies > 0 THEN 0 ELSE 1 END, z.rank DESC, z.image_id DESC) = 1 THEN 1 ELSE 0 END AS is_latest,
 z.event_seq, ${verdict('z')}
FROM (SELECT y.source, y.epoch, y.key_hash, y.image_id, y.event_seq, ${verdict('y')},
   CAST(sum(y.copies) OVER (PARTITION BY y.image_id, y.key_hash, y.epoch, y.source) AS BIGINT) AS copies,
   row_number() OVER (PARTITION BY y.image_id, y.key_hash, y.epoch, y.source ORDER BY y.rules_version DESC, y.appears DESC, y.event_seq DESC) AS rn
  FROM (SELECT i.source, i.epoch, i.key_hash, i.image_id, i.seq AS event_seq, CASE WHEN i.kind = '-' THEN -1 ELSE 1 END AS copies, CASE WHEN i.kind = '-' THEN 0 ELSE 1 END AS appears, ${verdict('i')}
    FROM ${applied('i')}
    UNION ALL SELECT r.source, r.epoch, r.key_hash, r.image_id, r.seq, CASE WHEN x.seq IS NULL THEN 0 WHEN r.kind = '-' THEN -1 ELSE 1 END, CASE WHEN r.kind = '-' THEN 0 ELSE 1 END, ${verdict('r')}
    FROM rejudged r LEFT JOIN repaired x ON x.source = r.source AND x.epoch = r.epoch AND x.seq = r.seq WHERE r.kind IN ('+', '-')
    UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.event_seq, -1, 1, ${verdict('x')} FROM repaired x
    UNION ALL SELECT s.source, s.epoch, s.key_hash, s.image_id, s.event_seq, s.copies, 1, ${verdict('s')}
    FROM ${t.state} s JOIN touched k ON k.source = s.source AND k.epoch = s.epoch AND k.key_hash = s.key_hash) y) z
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
SELECT n.source, n.epoch, n.key_hash, n.image_id, n.copies, n.is_latest, n.event_seq, ${verdict('n')}
FROM rebuilt n JOIN touched k ON k.source = n.source AND k.epoch = n.epoch AND k.key_hash = n.key_hash`,
    },
    {
      step: 'move frontier',
      sql: `UPDATE ${t.frontier} SET seq = advance.hi,
 committed_ms = CASE WHEN advance.ms > ${t.frontierName}.committed_ms THEN advance.ms ELSE ${t.frontierName}.committed_ms END,
 ready = CASE WHEN advance.ready = 1 THEN 1 ELSE ${t.frontierName}.ready END, batch_id = ${batch}
FROM advance WHERE ${t.frontierName}.source = advance.source AND ${t.frontierName}.epoch = advance.epoch`,
    },
    {
      step: 'newest ready epochs',
      sql: `CREATE TEMP TABLE newest AS SELECT source, max(epoch) AS epoch FROM ${t.frontier} WHERE ready = 1 GROUP BY source`,
    },
    {
      step: 'closed epochs',
      sql: `CREATE TEMP TABLE closed AS SELECT f.source, f.epoch FROM ${t.frontier} f
JOIN newest n ON n.source = f.source AND f.epoch < n.epoch WHERE f.live = 1`,
    },
    {
      step: 'show epochs',
      sql: `UPDATE ${t.frontier} SET live = CASE WHEN ${t.frontierName}.epoch >= newest.epoch THEN 1 ELSE 0 END,
 shown = CASE WHEN ${t.frontierName}.epoch = newest.epoch THEN 1 ELSE 0 END
FROM newest WHERE ${t.frontierName}.source = newest.source AND (${t.frontierName}.epoch < newest.epoch OR ${t.frontierName}.shown = 0) AND ${t.frontierName}.live = 1`,
    },
    {
      // Mostly there is none: then neither this nor the next one has anything to read.
      step: 'drop closed state',
      sql: `DELETE FROM ${t.state} USING closed
WHERE ${t.stateName}.source = closed.source AND ${t.stateName}.epoch = closed.epoch`,
    },
    {
      step: 'drop closed pending',
      sql: `DELETE FROM ${t.pending} USING closed
WHERE ${t.pendingName}.source = closed.source AND ${t.pendingName}.epoch = closed.epoch`,
    },
    ...(lifecycle ? periodStatements(dataset, lifecycle, t) : []),
    {
      step: REPORT_STEP,
      sql: `${reportQuery(dataset, ', CASE WHEN n.negative IS NULL THEN 0 ELSE n.negative END AS negative')}
LEFT JOIN (SELECT source, epoch, count(*) AS negative FROM rebuilt WHERE copies < 0 GROUP BY source, epoch) n ON n.source = f.source AND n.epoch = f.epoch
WHERE f.live = 1`,
    },
    {
      step: 'drop stage',
      sql: `DROP TABLE ${COPIED}, staged, rejudged, reach, advance, repaired, touched, rebuilt, newest, closed${lifecycle ? `, ${periodTables.join(', ')}` : ''}`,
    },
  ];
}

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
