import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import { MAX_REPORTED_FILES } from '../schemas/frontiers.ts';
import { logRowColumns, logVerdictColumns } from '../schemas/log-row.ts';
import { COPIED, LISTED, REPORT_STEP, type LoadStatement } from './load-statement.ts';
import { logSumStatements, sumTables } from './log-sum-statements.ts';
import { REPEATED, repeatStatements } from './repeat-statements.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

/**
 * The statements that turn a batch of copied log rows into covered ranges and entries. They belong
 * into one transaction that begins with a LOCK.
 *
 * The frontier of a file is its first byte that is not covered; it is the deduplication: a range
 * below it has been read before. Ranges above it wait in pending, for there the place itself is
 * compared. Entries do not wait: a log has no transactions, only the proof that nothing is missing
 * waits for the frontier.
 *
 * A block that could not be read covers its range too and stands in a list of its own. Readable
 * ranges inside it are let in below the frontier, and when they cover all of it the block is
 * forgotten.
 *
 * An entry id has one row: its copies are the ranges that were let in, its verdict that of the
 * highest rules version among all that came, repeats included. For Redshift's narrow points see
 * image-statements.ts.
 */
export function logStatements(dataset: LogDataset, batchId: string): LoadStatement[] {
  const t = logTables(dataset);
  const names = logRowColumns(dataset).map((column) => column.name);
  const verdictNames = logVerdictColumns(dataset).map((column) => column.name);
  const verdict = (alias: string) => verdictNames.map((name) => `${alias}.${name}`).join(', ');
  const range = (alias: string) => rangeNames.map((name) => `${alias}.${name}`).join(', ');
  const batch = quoteText(batchId);
  const { summary } = dataset;

  return [
    // A block that could not be read begins where its first range does: both are kept.
    ...repeatStatements({
      columns: names,
      place: (c) => [
        `${c}.pos`,
        `CASE WHEN ${c}.kind = 'X' THEN ${c}.len ELSE 0 END`,
        `${c}.generation`,
        `${c}.host`,
      ],
      order: (c) => `${c}.rules_version DESC, ${c}.entry_id`,
    }),
    {
      step: 'open files',
      sql: `INSERT INTO ${t.frontier} (host, generation, generation_start, upto, read_at_ms, batch_id)
SELECT g.host, g.generation, g.generation_start, g.generation_start, 0, ${batch}
FROM (SELECT host, generation, min(generation_start) AS generation_start FROM ${COPIED} GROUP BY host, generation) g
LEFT JOIN ${t.frontier} f ON ${sameFile('f', 'g')}
WHERE f.host IS NULL`,
    },
    {
      step: 'find repairs',
      sql: `CREATE TEMP TABLE repairs AS SELECT DISTINCT s.host, s.generation, s.pos
FROM ${COPIED} s
JOIN ${t.unreadable} u ON ${sameFile('u', 's')} AND s.pos >= u.pos AND s.pos + s.len <= u.pos + u.len
LEFT JOIN ${t.arrivals} a ON ${sameFile('a', 's')} AND a.pos = s.pos
WHERE s.kind <> 'X' AND a.pos IS NULL`,
    },
    {
      // All ranges of the batch without what is wide in them; those that are let in have arrived.
      step: 'arrive',
      sql: `CREATE TEMP TABLE ranges AS SELECT ${range('s')}, s.sort_ms, s.rules_version, s.read_at_ms,
 CASE WHEN s.kind <> 'X' AND p.pos IS NULL AND (s.pos >= f.upto OR r.pos IS NOT NULL) THEN 1 ELSE 0 END AS arrived
FROM ${COPIED} s
JOIN ${t.frontier} f ON ${sameFile('f', 's')}
LEFT JOIN ${t.pending} p ON ${sameFile('p', 's')} AND p.pos = s.pos
LEFT JOIN repairs r ON ${sameFile('r', 's')} AND r.pos = s.pos`,
    },
    {
      step: 'note unreadable',
      sql: `INSERT INTO ${t.unreadable} (host, generation, pos, len, read_at_ms, kafka_partition, kafka_offset)
SELECT s.host, s.generation, s.pos, s.len, s.read_at_ms, s.kafka_partition, s.kafka_offset
FROM ${COPIED} s
JOIN ${t.frontier} f ON ${sameFile('f', 's')}
LEFT JOIN ${t.unreadable} u ON ${sameFile('u', 's')} AND u.pos = s.pos AND u.len = s.len
WHERE s.kind = 'X' AND s.pos + s.len > f.upto AND u.pos IS NULL`,
    },
    {
      // Ranges may lie over each other, so a gap is a range that begins behind all ends before it.
      step: 'reach',
      sql: `CREATE TEMP TABLE reach AS SELECT z.host, z.generation, max(CASE WHEN z.gaps = 0 AND z.till > z.upto THEN z.till ELSE z.upto END) AS hi
FROM (SELECT y.host, y.generation, y.upto, y.till, sum(y.gap) OVER (PARTITION BY y.place ORDER BY y.pos, y.till ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS gaps
  FROM (SELECT f.host, f.generation, f.place, p.pos, p.till, f.upto, CASE WHEN p.pos <= f.upto OR p.pos <= max(p.till) OVER (PARTITION BY f.place ORDER BY p.pos, p.till ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS gap
    FROM (${coveredRanges(t)} UNION ALL SELECT host, generation, pos, pos + len AS till FROM ranges WHERE arrived = 1) p
    JOIN (SELECT e.host, e.generation, e.upto, row_number() OVER (ORDER BY e.host, e.generation) AS place FROM ${t.frontier} e JOIN (SELECT DISTINCT host, generation FROM ranges) g ON ${sameFile('g', 'e')}) f ON ${sameFile('f', 'p')}) y) z
GROUP BY z.host, z.generation`,
    },
    {
      // Mostly nothing waits: what has arrived goes straight there.
      step: 'write arrivals',
      sql: `INSERT INTO ${t.arrivals} (${rangeNames.join(', ')}) SELECT ${range('y')}
FROM (SELECT ${range('p')} FROM ${t.pending} p UNION ALL SELECT ${range('a')} FROM ranges a WHERE a.arrived = 1) y
JOIN reach w ON ${sameFile('w', 'y')} AND y.pos < w.hi`,
    },
    {
      step: 'drop reached pending',
      sql: `DELETE FROM ${t.pending} USING reach
WHERE ${sameFile(t.pendingName, 'reach')} AND ${t.pendingName}.pos < reach.hi`,
    },
    {
      step: 'keep pending',
      sql: `INSERT INTO ${t.pending} (${rangeNames.join(', ')}) SELECT ${range('a')}
FROM ranges a JOIN reach w ON ${sameFile('w', 'a')} AND a.pos >= w.hi
WHERE a.arrived = 1`,
    },
    {
      step: 'advance',
      sql: `CREATE TEMP TABLE advance AS SELECT w.host, w.generation, w.hi, max(CASE WHEN s.read_at_ms IS NULL THEN 0 ELSE s.read_at_ms END) AS ms
FROM reach w JOIN ranges s ON ${sameFile('s', 'w')} AND s.pos < w.hi
GROUP BY w.host, w.generation, w.hi`,
    },
    {
      step: 'move frontier',
      sql: `UPDATE ${t.frontier} SET upto = advance.hi,
 read_at_ms = CASE WHEN advance.ms > ${t.frontierName}.read_at_ms THEN advance.ms ELSE ${t.frontierName}.read_at_ms END, batch_id = ${batch}
FROM advance WHERE ${sameFile(t.frontierName, 'advance')}`,
    },
    {
      step: 'find repaired',
      sql: `CREATE TEMP TABLE repaired AS SELECT z.host, z.generation, z.pos, z.len
FROM (SELECT u.host, u.generation, u.pos, u.len, a.len AS part FROM ${t.unreadable} u
  JOIN ${t.arrivals} a ON ${sameFile('a', 'u')} AND a.pos >= u.pos AND a.pos + a.len <= u.pos + u.len
  UNION ALL SELECT u.host, u.generation, u.pos, u.len, p.len AS part FROM ${t.unreadable} u
  JOIN ${t.pending} p ON ${sameFile('p', 'u')} AND p.pos >= u.pos AND p.pos + p.len <= u.pos + u.len) z
GROUP BY z.host, z.generation, z.pos, z.len HAVING sum(z.part) = z.len`,
    },
    {
      step: 'drop repaired',
      sql: `DELETE FROM ${t.unreadable} USING repaired
WHERE ${sameFile(t.unreadableName, 'repaired')} AND ${t.unreadableName}.pos = repaired.pos AND ${t.unreadableName}.len = repaired.len`,
    },
    {
      // Where the verdict of each entry stands among the copied rows, and how often it has arrived.
      step: 'judge',
      sql: `CREATE TEMP TABLE judged AS SELECT q.entry_id, q.sort_ms, q.host, q.generation, q.pos, q.rules_version, CAST(q.copies AS BIGINT) AS copies
FROM (SELECT s.entry_id, s.sort_ms, s.host, s.generation, s.pos, s.rules_version, sum(s.arrived) OVER (PARTITION BY s.entry_id) AS copies,
   row_number() OVER (PARTITION BY s.entry_id ORDER BY s.rules_version DESC, s.generation, s.host, s.pos) AS rn
  FROM ranges s WHERE s.kind = 'E') q
WHERE q.rn = 1`,
    },
    {
      // The one look at all entries: what is changed in them goes by what it finds.
      step: 'find known',
      sql: `CREATE TEMP TABLE known AS SELECT e.entry_id, e.sort_ms, e.copies, j.copies AS more, CASE WHEN j.rules_version > e.rules_version THEN 1 ELSE 0 END AS newer
FROM judged j JOIN ${t.entry} e ON ${sameEntry('e', 'j')}`,
    },
    {
      step: 'renew',
      sql: `CREATE TEMP TABLE renewed AS SELECT j.entry_id, j.sort_ms, CASE WHEN k.copies IS NULL THEN 0 ELSE k.copies END + j.copies AS copies, j.host, j.generation, j.pos
FROM judged j
LEFT JOIN known k ON k.entry_id = j.entry_id
WHERE (k.entry_id IS NULL AND j.copies > 0) OR k.newer = 1`,
    },
    {
      step: 'count repeats',
      sql: `UPDATE ${t.entry} SET copies = ${t.entryName}.copies + known.more
FROM known WHERE ${sameEntry(t.entryName, 'known')} AND known.more > 0`,
    },
    ...(summary ? logSumStatements(dataset, summary, t.entry, renewedRows) : []),
    {
      step: 'drop renewed',
      sql: `DELETE FROM ${t.entry} USING known
WHERE ${sameEntry(t.entryName, 'known')} AND known.newer = 1`,
    },
    {
      step: 'write renewed',
      sql: `INSERT INTO ${t.entry} (entry_id, copies, host, generation, pos, ${verdictNames.join(', ')})
SELECT n.entry_id, n.copies, n.host, n.generation, n.pos, ${verdict('s')}
FROM ${renewedRows}`,
    },
    {
      // Each entry that was there before and each frontier once, or nothing of this batch; what is
      // new is not there before. The quotient is stored, for a planner may leave out what nobody reads.
      step: 'check entries',
      sql: `INSERT INTO ${t.batches} (batch_id, check_name, passed, loaded_at)
SELECT ${batch}, 'entries', 1 / CASE WHEN count(*) = 0 THEN 1 ELSE 0 END, getdate()
FROM (SELECT e.entry_id AS name FROM known k JOIN ${t.entry} e ON ${sameEntry('e', 'k')} GROUP BY e.entry_id HAVING count(*) > 1
  UNION ALL SELECT f.host AS name FROM ${t.frontier} f GROUP BY f.host, f.generation HAVING count(*) > 1) z`,
    },
    { step: REPORT_STEP, sql: logProgressQuery(dataset) },
    {
      step: 'drop stage',
      sql: `DROP TABLE ${LISTED}, ${COPIED}, ${REPEATED}, repairs, ranges, reach, advance, repaired, judged, known, renewed${summary ? `, ${sumTables.join(', ')}` : ''}`,
    },
  ];
}

/** How far the warehouse is in the files that were read last: frontier, waiting ranges, blocks that cannot be read. */
export function logProgressQuery(dataset: LogDataset): string {
  const t = logTables(dataset);
  return `SELECT f.host, f.generation, f.generation_start, f.upto, f.read_at_ms, CASE WHEN p.waiting IS NULL THEN 0 ELSE p.waiting END AS waiting, CASE WHEN u.blocks IS NULL THEN 0 ELSE u.blocks END AS unreadable
FROM ${t.frontier} f
LEFT JOIN (SELECT host, generation, count(*) AS waiting FROM ${t.pending} GROUP BY host, generation) p ON ${sameFile('p', 'f')}
LEFT JOIN (SELECT host, generation, count(*) AS blocks FROM ${t.unreadable} GROUP BY host, generation) u ON ${sameFile('u', 'f')}
ORDER BY f.read_at_ms DESC, f.host, f.generation LIMIT ${MAX_REPORTED_FILES}`;
}

/** Bytes that are missing below ranges that wait; asked only while something waits. */
export function logHolesQuery(dataset: LogDataset): string {
  const t = logTables(dataset);
  return `SELECT z.host, z.generation, z.prior AS missing_from, z.pos - 1 AS missing_to
FROM (SELECT y.host, y.generation, y.pos, CASE WHEN y.ends IS NULL OR y.ends < y.upto THEN y.upto ELSE y.ends END AS prior
  FROM (SELECT p.host, p.generation, p.pos, f.upto, max(p.till) OVER (PARTITION BY p.host, p.generation ORDER BY p.pos, p.till ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ends
    FROM (${coveredRanges(t)}) p JOIN ${t.frontier} f ON ${sameFile('f', 'p')}) y) z
WHERE z.pos > z.prior ORDER BY z.host, z.generation, z.pos LIMIT 1000`;
}

/** The entries to write, each with the copied row that has its verdict. */
const renewedRows = `renewed n JOIN ${COPIED} s ON s.pos = n.pos AND s.generation = n.generation AND s.host = n.host AND s.kind = 'E'`;

const rangeNames = ['host', 'generation', 'pos', 'len', 'kind', 'entry_id'];

const sameFile = (a: string, b: string) =>
  `${a}.host = ${b}.host AND ${a}.generation = ${b}.generation`;

/** The time is a function of the entry, and what the table is sorted by. */
const sameEntry = (a: string, b: string) =>
  `${a}.sort_ms = ${b}.sort_ms AND ${a}.entry_id = ${b}.entry_id`;

/** Ranges that are not behind the frontier already, or only partly. */
function coveredRanges(t: ReturnType<typeof logTables>): string {
  return `SELECT host, generation, pos, pos + len AS till FROM ${t.pending} UNION ALL SELECT host, generation, pos, pos + len AS till FROM ${t.unreadable}`;
}

/** A dataset's warehouse tables; the bare names qualify columns in DELETE and UPDATE. */
export function logTables(dataset: LogDataset) {
  const entity = sqlName(dataset.entity);
  return {
    stage: `stage.${entity}_entry`,
    pending: `careplus.${entity}_pending`,
    pendingName: `${entity}_pending`,
    arrivals: `careplus.${entity}_arrivals`,
    unreadable: `careplus.${entity}_unreadable`,
    unreadableName: `${entity}_unreadable`,
    entry: `careplus.${entity}_entry`,
    entryName: `${entity}_entry`,
    frontier: `ops.${entity}_frontier`,
    frontierName: `${entity}_frontier`,
    ledger: `ops.${entity}_ledger`,
    batches: `ops.${entity}_batches`,
  } as const;
}
