import type { TableDataset } from '../schemas/datasets/dataset.ts';
import type { Lifecycle } from '../schemas/datasets/lifecycle.ts';
import type { LoadStatement } from './load-statement.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

const RETOLD = 'retold';
const STAYED = 'stayed';

/** The temporary tables that {@link periodStatements} leave behind. */
export const periodTables = [RETOLD, STAYED];

interface Tables {
  readonly changes: string;
  readonly state: string;
  readonly frontier: string;
}

const frame = 'ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW';
const wholeFrame = 'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING';
/** The hash first: a sort that begins with the source compares long equal texts. */
const key = (alias: string) => `${alias}.key_hash, ${alias}.source`;
const sameKey = (a: string, b: string) =>
  `${a}.source = ${b}.source AND ${a}.key_hash = ${b}.key_hash`;

/**
 * The statements that keep a table's status periods (007-history.sql): each key that a batch
 * touches is told anew from its whole history, so that what stands there is a function of the
 * history alone, whatever the batches were. They belong behind the switch of epochs; `touched`,
 * `rejudged` and `advance` are those of image-statements.ts.
 *
 * The history of a key is the sequence of the images that counted: after each source transaction
 * the greatest rank, then the greatest image id, among those with copies. A snapshot is one moment,
 * that of its end, so what it repeats changes nothing. Images that the rules do not accept are
 * passed over. A key that is not shown now has no periods.
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
    { step: 'find stays', sql: staysQuery(lifecycle, t, carried) },
    {
      step: 'tell periods',
      sql: `INSERT INTO ${periods} (key_hash, source, place, status, prior_status, entered_ms, left_ms, epoch, seq, ${carried.join(', ')})
${periodsQuery(lifecycle, carried)}`,
    },
  ];
}

/** Tells every key anew: what the statements of all batches come to. */
export function recomputePeriods(dataset: TableDataset, lifecycle: Lifecycle, t: Tables): string[] {
  const [, , stays, periods] = periodStatements(dataset, lifecycle, t);
  return [
    `CREATE TEMP TABLE ${RETOLD} AS SELECT DISTINCT s.source, s.key_hash FROM ${t.state} s`,
    `DELETE FROM ${periodsOf(dataset)}`,
    ...[stays, periods].flatMap((statement) => statement?.sql ?? []),
    `DROP TABLE ${periodTables.join(', ')}`,
  ];
}

/** How many keys have another status than their last period says, or periods though they are not shown. */
export function stalePeriodsQuery(dataset: TableDataset, lifecycle: Lifecycle, t: Tables): string {
  const shown = `SELECT s.source, s.key_hash, s.${sqlName(lifecycle.status)} AS status FROM ${t.state} s JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1 WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0`;
  const last = `SELECT p.source, p.key_hash, p.status FROM ${periodsOf(dataset)} p WHERE p.left_ms IS NULL`;
  return `SELECT COUNT(*) AS stale FROM (${shown}) n FULL JOIN (${last}) l ON ${sameKey('l', 'n')} WHERE n.key_hash IS NULL OR l.key_hash IS NULL OR l.status <> n.status`;
}

const periodsOf = ({ entity }: TableDataset) => `careplus.${sqlName(entity)}_periods`;

/**
 * One row for each image of a key and each moment at which its copies changed: whether it is there
 * from then on and until when, and when something next happened to its key.
 */
function staysQuery(lifecycle: Lifecycle, t: Tables, carried: readonly string[]): string {
  const status = sqlName(lifecycle.status);
  const begun = `${sqlName(lifecycle.begun)}_ms`;
  const ended = `${sqlName(lifecycle.ended)}_ms`;
  const verdict = (column: string) =>
    `first_value(c.${column}) OVER (PARTITION BY ${key('c')}, c.image_id ORDER BY c.rules_version DESC, c.epoch DESC, c.seq DESC ${wholeFrame})`;
  const list = (prefix: string) => carried.map((name) => `${prefix}${name}`).join(', ');
  return `CREATE TEMP TABLE ${STAYED} AS SELECT ${key('q')}, q.epoch, q.image_id, q.moment, q.seq, q.rank, q.accepted, q.status, q.begun_ms, q.ended_ms, ${list('q.')},
 CASE WHEN q.total > 0 AND (q.hi IS NULL OR q.hi > q.moment) THEN 1 ELSE 0 END AS there, CASE WHEN q.next_of_image IS NULL THEN q.hi ELSE q.next_of_image END AS until,
 max(q.ms) OVER (PARTITION BY ${key('q')}, q.epoch, q.moment) AS ms, max(q.following) OVER (PARTITION BY ${key('q')}, q.epoch, q.moment) AS next_moment
FROM (SELECT d.*, sum(d.copies) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment ${frame}) AS total,
   lead(d.moment) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment) AS next_of_image,
   lead(d.moment) OVER (PARTITION BY ${key('d')}, d.epoch ORDER BY d.moment) AS following
  FROM (SELECT ${key('e')}, e.epoch, e.lo, e.hi, e.image_id, e.moment, max(e.seq) AS seq, max(e.committed_ms) AS ms, sum(e.copies) AS copies,
     max(e.rank) AS rank, max(e.accepted) AS accepted, max(e.status) AS status, max(e.begun_ms) AS begun_ms, max(e.ended_ms) AS ended_ms, ${carried.map((name) => `max(e.${name}) AS ${name}`).join(', ')}
    FROM (SELECT ${key('c')}, c.epoch, w.lo, w.hi, c.image_id, c.seq, c.rank, c.committed_ms, CASE WHEN c.kind = '-' THEN -1 ELSE 1 END AS copies,
       ${verdict('accepted')} AS accepted, ${verdict(status)} AS status, ${verdict(begun)} AS begun_ms, ${verdict(ended)} AS ended_ms,
       CASE WHEN c.seq < w.finish THEN w.finish ELSE max(c.seq) OVER (PARTITION BY ${key('c')}, c.epoch, CASE WHEN c.gtid IS NULL THEN CAST(c.seq AS VARCHAR(255)) ELSE c.gtid END) END AS moment, ${list('s.')}
      FROM ${RETOLD} k
      JOIN ${t.state} s ON ${sameKey('s', 'k')} AND s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0
      JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
      JOIN ${t.changes} c ON ${sameKey('c', 'k')}
      JOIN (${spansQuery(t)}) w ON w.source = c.source AND w.epoch = c.epoch AND w.finish IS NOT NULL AND c.seq > w.lo AND (w.hi IS NULL OR c.seq < w.hi)
      WHERE c.kind IN ('+', '-', 'X')) e
    GROUP BY ${key('e')}, e.epoch, e.lo, e.hi, e.image_id, e.moment) d) q`;
}

/** The stretches of each whole epoch between its barriers, and the number of its snapshot's end. */
function spansQuery(t: Tables): string {
  return `SELECT m.source, m.epoch, m.lo, lead(m.lo) OVER (PARTITION BY m.source, m.epoch ORDER BY m.lo) AS hi, max(m.finish) OVER (PARTITION BY m.source, m.epoch) AS finish
  FROM (SELECT x.source, x.epoch, CASE WHEN x.kind = 'E' THEN 0 ELSE x.seq END AS lo, CASE WHEN x.kind = 'E' THEN x.seq END AS finish
    FROM ${t.changes} x WHERE x.key_hash = '' AND x.kind IN ('E', 'T')) m`;
}

/** An image that outlasts the next moment of its key is looked at in each moment that it lasts. */
function periodsQuery({ firstStatus }: Lifecycle, carried: readonly string[]): string {
  const first = quoteText(firstStatus);
  const columns = [
    'image_id',
    'rank',
    'seq',
    'accepted',
    'status',
    'begun_ms',
    'ended_ms',
    ...carried,
  ];
  const list = (alias: string, names: readonly string[]) =>
    names.map((name) => `${alias}.${name}`).join(', ');
  return `WITH present AS (
  SELECT ${key('s')}, s.epoch, s.moment, s.ms, ${list('s', columns)} FROM ${STAYED} s WHERE s.there = 1
  UNION ALL
  SELECT ${key('s')}, s.epoch, m.moment, m.ms, ${list('s', columns)} FROM ${STAYED} s
  JOIN (SELECT DISTINCT ${key('n')}, n.epoch, n.moment, n.ms FROM ${STAYED} n) m ON ${sameKey('m', 's')} AND m.epoch = s.epoch AND m.moment >= s.next_moment AND (s.until IS NULL OR m.moment < s.until)
  WHERE s.there = 1 AND s.next_moment IS NOT NULL AND (s.until IS NULL OR s.until > s.next_moment)
), counted AS (
  SELECT p.*, row_number() OVER (PARTITION BY ${key('p')}, p.epoch, p.moment ORDER BY p.rank DESC, p.image_id DESC) AS rn FROM present p
), shown AS (
  SELECT c.*, lag(c.status) OVER (PARTITION BY ${key('c')} ORDER BY c.epoch, c.moment) AS prior_status, lag(c.ended_ms) OVER (PARTITION BY ${key('c')} ORDER BY c.epoch, c.moment) AS prior_ended_ms
  FROM counted c WHERE c.rn = 1 AND c.accepted = 1
), entries AS (
  SELECT ${key('h')}, h.epoch, h.moment, h.seq, 2 AS part, h.status,
    CASE WHEN h.status <> ${first} AND h.ended_ms IS NOT NULL AND (h.prior_status IS NULL OR h.prior_ended_ms IS NULL OR h.prior_ended_ms <> h.ended_ms) THEN h.ended_ms
      WHEN h.prior_status IS NULL THEN h.begun_ms ELSE h.ms END AS entered_ms, ${list('h', carried)}
  FROM shown h WHERE h.prior_status IS NULL OR h.prior_status <> h.status
  UNION ALL
  SELECT ${key('h')}, h.epoch, h.moment, h.seq, 1 AS part, ${first} AS status, h.begun_ms AS entered_ms, ${list('h', carried)}
  FROM shown h WHERE h.prior_status IS NULL AND h.status <> ${first} AND h.ended_ms IS NOT NULL
), ordered AS (
  SELECT n.*, row_number() OVER (PARTITION BY ${key('n')} ORDER BY n.epoch, n.moment, n.part) AS place, max(n.entered_ms) OVER (PARTITION BY ${key('n')} ORDER BY n.epoch, n.moment, n.part ${frame}) AS since_ms
  FROM entries n
)
SELECT ${key('o')}, o.place, o.status, lag(o.status) OVER (PARTITION BY ${key('o')} ORDER BY o.place), o.since_ms, lead(o.since_ms) OVER (PARTITION BY ${key('o')} ORDER BY o.place), o.epoch, o.seq, ${list('o', carried)}
FROM ordered o`;
}
