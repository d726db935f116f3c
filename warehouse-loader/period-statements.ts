import type { TableDataset } from '../schemas/datasets/dataset.ts';
import type { Lifecycle } from '../schemas/datasets/lifecycle.ts';
import type { LoadStatement } from './load-statement.ts';
import { quoteText, sqlName } from './sql-quoting.ts';

/** Temporary table of the keys whose periods a batch tells anew. */
export const RETOLD = 'retold';

interface Tables {
  readonly changes: string;
  readonly state: string;
  readonly frontier: string;
}

/**
 * The statements that keep a table's status periods (007-history.sql): each key that a batch
 * touches is told anew from its whole history, so that what stands there is a function of the
 * history alone, whatever the batches were. They belong behind the switch of epochs; `touched`,
 * `rejudged` and `advance` are those of image-statements.ts.
 *
 * The history of a key is the sequence of the images that counted: after each source transaction
 * the greatest rank, then the greatest image id, among those with copies. A snapshot is one moment,
 * that of its end, so what it repeats changes nothing. Images that the rules do not accept are
 * passed over.
 */
export function periodStatements(
  dataset: TableDataset,
  lifecycle: Lifecycle,
  t: Tables,
): LoadStatement[] {
  const periodsName = `${sqlName(dataset.entity)}_periods`;
  const periods = `careplus.${periodsName}`;
  const carried = [dataset.keyField, ...lifecycle.carried].map(sqlName);
  return [
    {
      // A barrier or another epoch moves every key, also those that it leaves out.
      step: 'keys to tell anew',
      sql: `CREATE TEMP TABLE ${RETOLD} AS SELECT z.source, z.key_hash
FROM (SELECT k.source, k.key_hash FROM touched k JOIN ${t.frontier} f ON f.source = k.source AND f.epoch = k.epoch AND f.shown = 1
  UNION SELECT r.source, r.key_hash FROM rejudged r
  UNION SELECT r.source, r.old_key_hash FROM rejudged r
  UNION SELECT s.source, s.key_hash FROM ${t.state} s JOIN advance a ON a.source = s.source AND (a.ready = 1 OR a.bar > 0)
  UNION SELECT p.source, p.key_hash FROM ${periods} p JOIN advance a ON a.source = p.source AND (a.ready = 1 OR a.bar > 0)) z`,
    },
    {
      step: 'drop periods',
      sql: `DELETE FROM ${periods} USING ${RETOLD}
WHERE ${periodsName}.source = ${RETOLD}.source AND ${periodsName}.key_hash = ${RETOLD}.key_hash`,
    },
    {
      step: 'tell periods',
      sql: `INSERT INTO ${periods} (source, key_hash, place, status, prior_status, entered_ms, left_ms, epoch, seq, ${carried.join(', ')})
${periodsQuery(lifecycle, t, carried)}`,
    },
  ];
}

const frame = 'ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW';
const key = (alias: string) => `${alias}.source, ${alias}.key_hash`;
const sameKey = (a: string, b: string) =>
  `${a}.source = ${b}.source AND ${a}.key_hash = ${b}.key_hash`;

function periodsQuery(lifecycle: Lifecycle, t: Tables, carried: readonly string[]): string {
  const status = sqlName(lifecycle.status);
  const begun = `${sqlName(lifecycle.begun)}_ms`;
  const ended = `${sqlName(lifecycle.ended)}_ms`;
  const first = quoteText(lifecycle.firstStatus);
  return `WITH spans AS (
  SELECT m.source, m.epoch, m.lo, lead(m.lo) OVER (PARTITION BY m.source, m.epoch ORDER BY m.lo) AS hi, max(m.finish) OVER (PARTITION BY m.source, m.epoch) AS start_seq
  FROM (SELECT c.source, c.epoch, CASE WHEN c.kind = 'E' THEN 0 ELSE c.seq END AS lo, CASE WHEN c.kind = 'E' THEN c.seq END AS finish
    FROM ${t.changes} c WHERE c.key_hash = '' AND c.kind IN ('E', 'T')) m
), events AS (
  SELECT ${key('c')}, c.epoch, w.lo, w.hi, c.image_id, c.seq, c.rank, c.rules_version, c.accepted, c.committed_ms, c.${status}, c.${begun}, c.${ended}, CASE WHEN c.kind = '-' THEN -1 ELSE 1 END AS copies,
    CASE WHEN c.seq < w.start_seq THEN w.start_seq ELSE max(c.seq) OVER (PARTITION BY ${key('c')}, c.epoch, CASE WHEN c.gtid IS NULL THEN CAST(c.seq AS VARCHAR(255)) ELSE c.gtid END) END AS moment
  FROM ${RETOLD} k
  JOIN ${t.changes} c ON ${sameKey('c', 'k')}
  JOIN spans w ON w.source = c.source AND w.epoch = c.epoch AND w.start_seq IS NOT NULL AND c.seq > w.lo AND (w.hi IS NULL OR c.seq < w.hi)
  WHERE c.kind IN ('+', '-', 'X')
), verdicts AS (
  SELECT ${key('v')}, v.image_id, v.accepted, v.${status} AS status, v.${begun} AS begun_ms, v.${ended} AS ended_ms, v.rank
  FROM (SELECT e.*, row_number() OVER (PARTITION BY ${key('e')}, e.image_id ORDER BY e.rules_version DESC, e.epoch DESC, e.seq DESC) AS rn FROM events e) v
  WHERE v.rn = 1
), moments AS (
  SELECT ${key('e')}, e.epoch, e.moment, max(e.committed_ms) AS ms, lead(e.moment) OVER (PARTITION BY ${key('e')}, e.epoch ORDER BY e.moment) AS next_moment
  FROM events e GROUP BY ${key('e')}, e.epoch, e.moment
), stays AS (
  SELECT ${key('q')}, q.epoch, q.image_id, q.moment, q.seq, CASE WHEN q.until IS NULL THEN q.hi ELSE q.until END AS until
  FROM (SELECT d.*, sum(d.copies) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment ${frame}) AS total, lead(d.moment) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment) AS until
    FROM (SELECT ${key('e')}, e.epoch, e.lo, e.hi, e.image_id, e.moment, max(e.seq) AS seq, sum(e.copies) AS copies
      FROM events e GROUP BY ${key('e')}, e.epoch, e.lo, e.hi, e.image_id, e.moment) d) q
  WHERE q.total > 0 AND (q.hi IS NULL OR q.hi > q.moment)
), present AS (
  SELECT ${key('m')}, m.epoch, m.moment, m.ms, s.image_id, s.seq FROM moments m
  JOIN stays s ON ${sameKey('s', 'm')} AND s.epoch = m.epoch AND s.moment = m.moment
  UNION ALL
  SELECT ${key('m')}, m.epoch, m.moment, m.ms, s.image_id, s.seq FROM moments m
  JOIN (SELECT a.*, b.next_moment FROM stays a JOIN moments b ON ${sameKey('b', 'a')} AND b.epoch = a.epoch AND b.moment = a.moment WHERE a.until IS NULL OR a.until > b.next_moment) s ON ${sameKey('s', 'm')} AND s.epoch = m.epoch AND m.moment >= s.next_moment AND (s.until IS NULL OR m.moment < s.until)
), counted AS (
  SELECT p.*, v.accepted, v.status, v.begun_ms, v.ended_ms, row_number() OVER (PARTITION BY ${key('p')}, p.epoch, p.moment ORDER BY v.rank DESC, p.image_id DESC) AS rn
  FROM present p JOIN verdicts v ON ${sameKey('v', 'p')} AND v.image_id = p.image_id
), shown AS (
  SELECT c.*, lag(c.status) OVER (PARTITION BY ${key('c')} ORDER BY c.epoch, c.moment) AS prior_status, lag(c.ended_ms) OVER (PARTITION BY ${key('c')} ORDER BY c.epoch, c.moment) AS prior_ended_ms
  FROM counted c WHERE c.rn = 1 AND c.accepted = 1
), entries AS (
  SELECT ${key('h')}, h.epoch, h.moment, h.seq, 2 AS part, h.status,
    CASE WHEN h.status <> ${first} AND h.ended_ms IS NOT NULL AND (h.prior_status IS NULL OR h.prior_ended_ms IS NULL OR h.prior_ended_ms <> h.ended_ms) THEN h.ended_ms
      WHEN h.prior_status IS NULL THEN h.begun_ms ELSE h.ms END AS entered_ms
  FROM shown h WHERE h.prior_status IS NULL OR h.prior_status <> h.status
  UNION ALL
  SELECT ${key('h')}, h.epoch, h.moment, h.seq, 1 AS part, ${first} AS status, h.begun_ms AS entered_ms
  FROM shown h WHERE h.prior_status IS NULL AND h.status <> ${first} AND h.ended_ms IS NOT NULL
), ordered AS (
  SELECT n.*, row_number() OVER (PARTITION BY ${key('n')} ORDER BY n.epoch, n.moment, n.part) AS place, max(n.entered_ms) OVER (PARTITION BY ${key('n')} ORDER BY n.epoch, n.moment, n.part ${frame}) AS since_ms
  FROM entries n
)
SELECT ${key('o')}, o.place, o.status, lag(o.status) OVER (PARTITION BY ${key('o')} ORDER BY o.place), o.since_ms, lead(o.since_ms) OVER (PARTITION BY ${key('o')} ORDER BY o.place), o.epoch, o.seq, ${carried.map((name) => `s.${name}`).join(', ')}
FROM ordered o
JOIN ${t.state} s ON ${sameKey('s', 'o')} AND s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0
JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1`;
}
