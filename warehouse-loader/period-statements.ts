import type { TableDataset } from '../schemas/datasets/dataset.ts';
import type { Lifecycle } from '../schemas/datasets/lifecycle.ts';
import { COPIED, type LoadStatement } from './load-statement.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

const LIVES = 'lives';
const TOLD = 'told';
const STAYED = 'stayed';

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

/** The statements that keep the periods, around the one that writes the history. */
interface PeriodStatements {
  /** Behind the switch of epochs and before the history has this batch. */
  readonly find: readonly LoadStatement[];
  readonly tell: readonly LoadStatement[];
  /** The temporary tables that they leave behind. */
  readonly tables: readonly string[];
}

/**
 * The statements that keep a table's status periods (007-history.sql, 010-period-versions.sql).
 * What stands there is a function of a key's whole history, whatever the batches were.
 *
 * The history of a key is the sequence of the images that counted: after each source transaction
 * the greatest rank, then the greatest image id, among those with copies. A snapshot is one moment,
 * that of its end, so what it repeats changes nothing. Images that the rules do not accept are
 * passed over. A key that is not shown now has no periods.
 *
 * Most keys lead a plain life: one image at a time, each change takes the one before away, all
 * judged by one version of the rules. Then the last period is all that must be known of the past,
 * and the batch's periods are appended (`lives`). Every other key is told anew from its whole
 * history (`stayed`): two images of a key, one that is quarantined, judged anew, cannot be read or is
 * gone again in its own transaction, a key that comes back, and all keys behind a barrier or in a new
 * epoch.
 */
export function periodStatements(
  dataset: TableDataset,
  lifecycle: Lifecycle,
  t: Tables,
): PeriodStatements {
  const periodsName = `${sqlName(dataset.entity)}_periods`;
  const periods = `careplus.${periodsName}`;
  const carried = carriedColumns(dataset, lifecycle);
  return {
    find: [
      {
        step: 'find lives',
        sql: `CREATE TEMP TABLE ${LIVES} AS ${livesQuery(lifecycle, { frontier: t.frontier, periods, carried })}`,
      },
      {
        step: 'keys to tell',
        sql: `CREATE TEMP TABLE ${TOLD} AS ${toldQuery(t, periods, carried)}`,
      },
    ],
    tell: [
      {
        step: 'drop periods',
        sql: `DELETE FROM ${periods} USING ${TOLD}
WHERE ${periodsName}.source = ${TOLD}.source AND ${periodsName}.key_hash = ${TOLD}.key_hash`,
      },
      { step: 'find stays', sql: staysQuery(lifecycle, t, carried) },
      {
        step: 'tell periods',
        sql: tellStatement(dataset, carried, periodsQuery(lifecycle, carried, 'with lives')),
      },
    ],
    tables: [LIVES, TOLD, STAYED],
  };
}

/** Tells every key anew: what the statements of all batches come to. */
export function recomputePeriods(dataset: TableDataset, lifecycle: Lifecycle, t: Tables): string[] {
  const carried = carriedColumns(dataset, lifecycle);
  return [
    `CREATE TEMP TABLE ${TOLD} AS SELECT DISTINCT s.source, s.key_hash, 1 AS anew FROM ${t.state} s`,
    `DELETE FROM ${periodsOf(dataset)}`,
    staysQuery(lifecycle, t, carried),
    tellStatement(dataset, carried, periodsQuery(lifecycle, carried, 'all anew')),
    `DROP TABLE ${TOLD}, ${STAYED}`,
  ];
}

const carriedColumns = (dataset: TableDataset, lifecycle: Lifecycle) =>
  [dataset.keyField, ...lifecycle.carried].map(sqlName);

const tellStatement = (dataset: TableDataset, carried: readonly string[], query: string) =>
  `INSERT INTO ${periodsOf(dataset)} (key_hash, source, place, status, prior_status, entered_ms, left_ms, epoch, seq, rules_version, ${carried.join(', ')})
${query}`;

/** How many keys have another status than their last period says, or periods though they are not shown. */
export function stalePeriodsQuery(dataset: TableDataset, lifecycle: Lifecycle, t: Tables): string {
  const shown = `SELECT s.source, s.key_hash, s.${sqlName(lifecycle.status)} AS status FROM ${t.state} s JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1 WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0`;
  const last = `SELECT p.source, p.key_hash, p.status FROM ${periodsOf(dataset)} p WHERE p.left_ms IS NULL`;
  return `SELECT COUNT(*) AS stale FROM (${shown}) n FULL JOIN (${last}) l ON ${sameKey('l', 'n')} WHERE n.key_hash IS NULL OR l.key_hash IS NULL OR l.status <> n.status`;
}

const periodsOf = ({ entity }: TableDataset) => `careplus.${sqlName(entity)}_periods`;

/** Place of the images: behind every period. */
const BEHIND_PERIODS = 1_000_000_000;

/**
 * The images of the batch in the shown epochs, in order, behind the periods of their keys (kind
 * `P`). `odd` is 1 where a life is not plain: then each image that comes counts until the next one
 * takes it away, so what an image follows stands in the row before it.
 */
function livesQuery(
  lifecycle: Lifecycle,
  { frontier, periods, carried }: { frontier: string; periods: string; carried: readonly string[] },
): string {
  const list = (alias: string) => carried.map((name) => `${alias}.${name}`).join(', ');
  const inOrder = `OVER (PARTITION BY ${key('y')} ORDER BY y.place, y.seq)`;
  const ofLast = carried.map(
    (name) => `CASE WHEN q.next_kind IS NULL THEN q.${name} END AS ${name}`,
  );
  return `SELECT ${key('q')}, q.epoch, q.seq, q.place, q.kind, q.rules_version, q.status, q.begun_ms, q.ended_ms, q.ms, q.prior_status, q.prior_ended_ms, ${ofLast.join(', ')},
 CASE WHEN q.prior_kind IS NULL THEN 1 ELSE 0 END AS is_first, CASE WHEN q.next_kind IS NULL THEN 1 ELSE 0 END AS is_last,
 CASE WHEN q.kind = 'P' THEN 0 WHEN q.kind = 'X' OR q.prior_kind = q.kind OR q.prior_version <> q.rules_version THEN 1
   WHEN q.kind = '-' AND q.prior_kind IS NULL THEN 1
   WHEN q.kind = '+' AND (q.prior_kind = 'P' OR q.accepted = 0 OR q.next_gtid = q.gtid) THEN 1 ELSE 0 END AS odd
FROM (SELECT y.*, lag(y.kind) ${inOrder} AS prior_kind, lag(y.rules_version) ${inOrder} AS prior_version, lag(y.status) ${inOrder} AS prior_status, lag(y.ended_ms) ${inOrder} AS prior_ended_ms,
   lead(y.kind) ${inOrder} AS next_kind, lead(y.gtid) ${inOrder} AS next_gtid
  FROM (SELECT ${key('s')}, s.epoch, s.seq, ${BEHIND_PERIODS} AS place, s.kind, s.accepted, s.rules_version, s.gtid, s.${sqlName(lifecycle.status)} AS status, s.${sqlName(lifecycle.begun)}_ms AS begun_ms, s.${sqlName(lifecycle.ended)}_ms AS ended_ms, s.committed_ms AS ms, ${list('s')}
    FROM ${COPIED} s JOIN reach w ON w.source = s.source AND w.epoch = s.epoch AND s.seq > w.lo AND s.seq <= w.hi AND w.bar = 0 AND w.ready = 0
    JOIN ${frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1
    WHERE s.kind IN ('+', '-', 'X')
    UNION ALL SELECT ${key('p')}, p.epoch, p.seq, p.place, 'P', 1, CASE WHEN p.rules_version IS NULL THEN -1 ELSE p.rules_version END, '', p.status, p.entered_ms, p.entered_ms, p.left_ms, ${list('p')}
    FROM ${periods} p JOIN touched k ON ${sameKey('k', 'p')} JOIN ${frontier} f ON f.source = k.source AND f.epoch = k.epoch AND f.shown = 1) y) q`;
}

/**
 * The keys whose periods change, once each. Not to be told anew is who leads a plain life and is
 * shown by the last image of it alone: coming and going by turns, it has been alone all the time, for
 * no image is counted below zero. Who appears must have no past. A barrier or another epoch moves
 * every key, also those that it leaves out.
 */
function toldQuery(t: Tables, periods: string, carried: readonly string[]): string {
  const columns = (alias: string) =>
    [`${alias}.source`, `${alias}.key_hash`, ...carried.map((name) => `${alias}.${name}`)].join(
      ', ',
    );
  const moved = 'w.ready = 1 OR w.bar > 0';
  return `SELECT z.source, z.key_hash, max(z.anew) AS anew, ${carried.map((name) => `max(z.${name}) AS ${name}`).join(', ')}
FROM (SELECT ${columns('l')}, CASE WHEN n.key_hash IS NULL THEN 1 ELSE 0 END AS anew FROM ${LIVES} l
    LEFT JOIN rebuilt n ON ${sameKey('n', 'l')} AND n.epoch = l.epoch AND n.event_seq = l.seq AND n.copies = 1 AND n.contents = 1 WHERE l.is_last = 1
  UNION ALL SELECT ${columns('l')}, 1 FROM ${LIVES} l WHERE l.odd = 1
  UNION ALL SELECT ${columns('l')}, 1 FROM ${LIVES} l JOIN ${t.changes} c ON ${sameKey('c', 'l')} WHERE l.is_first = 1 AND l.kind = '+'
  UNION ALL SELECT ${columns('r')}, 1 FROM rejudged r
  UNION ALL SELECT r.source, r.old_key_hash, ${carried.map((name) => `r.${name}`).join(', ')}, 1 FROM rejudged r
  UNION ALL SELECT ${columns('s')}, 1 FROM ${t.state} s JOIN reach w ON w.source = s.source AND (${moved})
  UNION ALL SELECT ${columns('p')}, 1 FROM ${periods} p JOIN reach w ON w.source = p.source AND (${moved})) z
GROUP BY z.key_hash, z.source`;
}

/**
 * One row for each image of a key that is told anew and each moment at which its copies changed:
 * whether it is there from then on and until when, and when something next happened to its key.
 * The rules version is 0 where several have judged the key.
 */
function staysQuery(lifecycle: Lifecycle, t: Tables, carried: readonly string[]): string {
  const status = sqlName(lifecycle.status);
  const begun = `${sqlName(lifecycle.begun)}_ms`;
  const ended = `${sqlName(lifecycle.ended)}_ms`;
  const verdict = (column: string) =>
    `first_value(c.${column}) OVER (PARTITION BY ${key('c')}, c.image_id ORDER BY c.rules_version DESC, c.epoch DESC, c.seq DESC ${wholeFrame})`;
  const list = (prefix: string) => carried.map((name) => `${prefix}${name}`).join(', ');
  return `CREATE TEMP TABLE ${STAYED} AS SELECT ${key('q')}, q.epoch, q.image_id, q.moment, q.seq, q.rank, q.accepted, q.rules_version, q.status, q.begun_ms, q.ended_ms, ${list('q.')},
 CASE WHEN q.total > 0 AND (q.hi IS NULL OR q.hi > q.moment) THEN 1 ELSE 0 END AS there, CASE WHEN q.next_of_image IS NULL THEN q.hi ELSE q.next_of_image END AS until,
 max(q.ms) OVER (PARTITION BY ${key('q')}, q.epoch, q.moment) AS ms, max(q.following) OVER (PARTITION BY ${key('q')}, q.epoch, q.moment) AS next_moment
FROM (SELECT d.*, sum(d.copies) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment ${frame}) AS total,
   lead(d.moment) OVER (PARTITION BY ${key('d')}, d.epoch, d.lo, d.image_id ORDER BY d.moment) AS next_of_image,
   lead(d.moment) OVER (PARTITION BY ${key('d')}, d.epoch ORDER BY d.moment) AS following
  FROM (SELECT ${key('e')}, e.epoch, e.lo, e.hi, e.image_id, e.moment, max(e.seq) AS seq, max(e.committed_ms) AS ms, sum(e.copies) AS copies,
     max(e.rank) AS rank, max(e.accepted) AS accepted, max(e.rules_version) AS rules_version, max(e.status) AS status, max(e.begun_ms) AS begun_ms, max(e.ended_ms) AS ended_ms, ${carried.map((name) => `max(e.${name}) AS ${name}`).join(', ')}
    FROM (SELECT ${key('c')}, c.epoch, w.lo, w.hi, c.image_id, c.seq, c.rank, c.committed_ms, CASE WHEN c.kind = '-' THEN -1 ELSE 1 END AS copies,
       CASE WHEN min(c.rules_version) OVER (PARTITION BY ${key('c')}) = max(c.rules_version) OVER (PARTITION BY ${key('c')}) THEN c.rules_version ELSE 0 END AS rules_version,
       ${verdict('accepted')} AS accepted, ${verdict(status)} AS status, ${verdict(begun)} AS begun_ms, ${verdict(ended)} AS ended_ms,
       CASE WHEN c.seq < w.finish THEN w.finish ELSE max(c.seq) OVER (PARTITION BY ${key('c')}, c.epoch, CASE WHEN c.gtid IS NULL THEN CAST(c.seq AS VARCHAR(255)) ELSE c.gtid END) END AS moment, ${list('s.')}
      FROM ${TOLD} k
      JOIN ${t.state} s ON ${sameKey('s', 'k')} AND k.anew = 1 AND s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0
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

/**
 * The periods of the keys that are told. An image that outlasts the next moment of its key is looked
 * at in each moment that it lasts.
 */
function periodsQuery(
  { firstStatus }: Lifecycle,
  carried: readonly string[],
  scope: 'with lives' | 'all anew',
): string {
  const first = quoteText(firstStatus);
  const list = (alias: string, names: readonly string[]) =>
    names.map((name) => `${alias}.${name}`).join(', ');
  const judged = ['rules_version', 'status', 'begun_ms', 'ended_ms'];
  const columns = ['image_id', 'rank', 'seq', 'accepted', ...judged, ...carried];
  const before = (column: string, order: string) =>
    `lag(c.${column}) OVER (PARTITION BY ${key('c')} ORDER BY ${order}) AS prior_${column}`;
  const shown = (moment: string, order: string) =>
    `${key('c')}, c.epoch, c.${moment} AS moment, c.seq, c.ms, ${list('c', judged)}, ${before('status', order)}, ${before('ended_ms', order)}`;
  const kept = list('h', ['rules_version', ...carried]);
  // The same order in all windows: one sort.
  const inOrder = `OVER (PARTITION BY ${key('o')} ORDER BY o.era, o.moment, o.part)`;
  const appended = `
  UNION ALL
  SELECT ${key('a')}, a.epoch, a.seq AS moment, a.seq, a.ms, ${list('a', judged)}, a.prior_status, a.prior_ended_ms, ${list('k', carried)}
  FROM ${LIVES} a JOIN ${TOLD} k ON ${sameKey('k', 'a')} AND k.anew = 0 WHERE a.kind = '+'`;
  const past = `
  UNION ALL
  SELECT ${key('l')}, l.epoch, 0 AS era, l.place AS moment, l.seq, 0 AS part, l.status, l.begun_ms AS entered_ms, l.rules_version, ${list('k', carried)}
  FROM ${LIVES} l JOIN ${TOLD} k ON ${sameKey('k', 'l')} AND k.anew = 0 WHERE l.kind = 'P'`;
  return `WITH present AS (
  SELECT ${key('s')}, s.epoch, s.moment, s.ms, ${list('s', columns)} FROM ${STAYED} s WHERE s.there = 1
  UNION ALL
  SELECT ${key('s')}, s.epoch, m.moment, m.ms, ${list('s', columns)} FROM ${STAYED} s
  JOIN (SELECT DISTINCT ${key('n')}, n.epoch, n.moment, n.ms FROM ${STAYED} n) m ON ${sameKey('m', 's')} AND m.epoch = s.epoch AND m.moment >= s.next_moment AND (s.until IS NULL OR m.moment < s.until)
  WHERE s.there = 1 AND s.next_moment IS NOT NULL AND (s.until IS NULL OR s.until > s.next_moment)
), counted AS (
  SELECT p.*, row_number() OVER (PARTITION BY ${key('p')}, p.epoch, p.moment ORDER BY p.rank DESC, p.image_id DESC) AS rn FROM present p
), shown AS (
  SELECT ${shown('moment', 'c.epoch, c.moment')}, ${list('c', carried)} FROM counted c WHERE c.rn = 1 AND c.accepted = 1${scope === 'with lives' ? appended : ''}
), entries AS (
  SELECT ${key('h')}, h.epoch, h.epoch AS era, h.moment, h.seq, 2 AS part, h.status,
    CASE WHEN h.status <> ${first} AND h.ended_ms IS NOT NULL AND (h.prior_status IS NULL OR h.prior_ended_ms IS NULL OR h.prior_ended_ms <> h.ended_ms) THEN h.ended_ms
      WHEN h.prior_status IS NULL THEN h.begun_ms ELSE h.ms END AS entered_ms, ${kept}
  FROM shown h WHERE h.prior_status IS NULL OR h.prior_status <> h.status
  UNION ALL
  SELECT ${key('h')}, h.epoch, h.epoch AS era, h.moment, h.seq, 1 AS part, ${first} AS status, h.begun_ms AS entered_ms, ${kept}
  FROM shown h WHERE h.prior_status IS NULL AND h.status <> ${first} AND h.ended_ms IS NOT NULL${scope === 'with lives' ? past : ''}
), ordered AS (
  SELECT n.*, row_number() OVER (PARTITION BY ${key('n')} ORDER BY n.era, n.moment, n.part) AS place, max(n.entered_ms) OVER (PARTITION BY ${key('n')} ORDER BY n.era, n.moment, n.part ${frame}) AS since_ms
  FROM entries n
)
SELECT ${key('o')}, o.place, o.status, lag(o.status) ${inOrder}, o.since_ms, lead(o.since_ms) ${inOrder}, o.epoch, o.seq, o.rules_version, ${list('o', carried)}
FROM ordered o`;
}
