import { COPIED, type LoadStatement } from './load-statement.ts';

/** The temporary table of {@link spanStatement}. */
export const SPANS = 'spans';

interface Tables {
  readonly frontier: string;
  readonly pending: string;
}

/** Which numbers of each epoch were copied. */
export const spanStatement: LoadStatement = {
  step: 'span',
  sql: `CREATE TEMP TABLE ${SPANS} AS SELECT c.source, c.epoch, count(*) AS images, min(c.seq) AS lowest, max(c.seq) AS highest, max(CASE WHEN c.tx_end = 1 THEN c.seq ELSE 0 END) AS finish
FROM ${COPIED} c GROUP BY c.epoch, c.source`,
};

/**
 * Makes the temporary table `reach`: where each live frontier gets to, and what happened up to
 * there, the last barrier and a snapshot's end. Images that were copied twice are gone before, and
 * those that are pending too.
 */
export const reachStatement = (t: Tables): LoadStatement => ({
  step: 'reach',
  sql: `CREATE TEMP TABLE reach AS WITH dense AS (SELECT n.source, n.epoch, f.seq AS lo, n.finish AS hi
  FROM ${SPANS} n JOIN ${t.frontier} f ON f.source = n.source AND f.epoch = n.epoch AND f.live = 1
  LEFT JOIN (SELECT DISTINCT source, epoch FROM ${t.pending}) p ON p.source = n.source AND p.epoch = n.epoch
  WHERE p.source IS NULL AND n.lowest = f.seq + 1 AND n.images = n.highest - f.seq)
${reachedAtOnce}
UNION ALL ${reachedInOrder(t)}`,
});

/** When an image was committed; of one that cannot be read nobody knows it. */
export const commitOf = (alias: string): string =>
  `CASE WHEN ${alias}.kind <> 'X' AND ${alias}.committed_ms > 0 THEN ${alias}.committed_ms ELSE 0 END`;

/**
 * Numbers are distinct here: as many as lie between the lowest and the highest are all of them, and
 * where they follow the frontier and none is pending, nothing must be put in order.
 */
const reachedAtOnce = `SELECT d.source, d.epoch, d.lo, d.hi, max(CASE WHEN c.kind = 'T' THEN c.seq ELSE 0 END) AS bar, max(CASE WHEN c.kind = 'E' THEN 1 ELSE 0 END) AS ready,
 max(${commitOf('c')}) AS ms
FROM ${COPIED} c JOIN dense d ON d.source = c.source AND d.epoch = c.epoch AND c.seq <= d.hi
GROUP BY d.source, d.epoch, d.lo, d.hi`;

/** Everywhere else "nothing missing" is frontier + row number; once false it stays so. */
function reachedInOrder(t: Tables): string {
  const soFar =
    'OVER (PARTITION BY f.place ORDER BY p.seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)';
  return `SELECT max(q.source), max(q.epoch), max(q.lo), max(q.seq), max(q.bar), max(q.ready), max(q.ms)
FROM (SELECT f.place, f.source, f.epoch, f.lo, p.seq, p.tx_end, row_number() OVER (PARTITION BY f.place ORDER BY p.seq) AS rn,
   max(CASE WHEN p.kind = 'T' THEN p.seq ELSE 0 END) ${soFar} AS bar,
   max(CASE WHEN p.kind = 'E' THEN 1 ELSE 0 END) ${soFar} AS ready,
   max(${commitOf('p')}) ${soFar} AS ms
  FROM (SELECT source, epoch, seq, tx_end, kind, committed_ms FROM ${COPIED} UNION ALL SELECT source, epoch, seq, tx_end, kind, committed_ms FROM ${t.pending}) p
  JOIN (SELECT w.source, w.epoch, w.seq AS lo, row_number() OVER (ORDER BY w.source, w.epoch) AS place
    FROM ${t.frontier} w LEFT JOIN dense d ON d.source = w.source AND d.epoch = w.epoch
    WHERE w.live = 1 AND d.source IS NULL) f ON f.source = p.source AND f.epoch = p.epoch AND p.seq > f.lo) q
WHERE q.seq = q.lo + q.rn AND q.tx_end = 1
GROUP BY q.place`;
}
