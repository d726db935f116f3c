import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import type { LogSummary } from '../../schemas/datasets/log-summary.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';

/** What is summed up of entries. */
export const sumNames = [
  ...['entries', 'copies', 'errors', 'severe'],
  ...['duration_ms', 'durations', 'hundredths', 'readings'],
] as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const NAMED = 100;
const RANGE = 'response_range';

/** A dataset whose entries are summed up. */
export interface SummedLog {
  readonly dataset: LogDataset;
  readonly summary: LogSummary;
}

/** The texts by which all sums of a day are told apart. */
export function sumTexts({ dimensions }: LogSummary): string[] {
  return [...Object.values(dimensions), RANGE];
}

/**
 * Sums that are not those of the entries: each as counted here (`e_`) and as it is kept (`s_`). Not
 * by the keys under which the loader finds them, but by what the pages show: day or hour and texts.
 * Those are marked at their end, for Amazon Redshift ignores blanks there when it groups.
 */
export function wrongSumsSql({ dataset, summary }: SummedLog): string {
  const texts = sumTexts(summary);
  const sums = `careplus.${dataset.entity}_sums`;
  const entry = `careplus.${dataset.entity}_entry`;
  const added = addedOf(summary, 'e');
  const marked = (name: string) => `e.${name} || '|' AS ${name}`;
  const measured = sumNames.map((name) => `${added[name]} AS ${name}`).join(', ');
  const entries =
    `SELECT ${floored('e.logged_at_ms', HOUR_MS)} AS hour_ms, ` +
    `${Object.values(summary.dimensions).map(marked).join(', ')}, ${rangeOf(summary, 'e')} || '|' AS ${RANGE}, ${measured} ` +
    `FROM ${entry} e WHERE e.accepted = 1`;
  const totals = (alias: string) =>
    sumNames.map((name) => `CAST(SUM(${alias}.${name}) AS BIGINT) AS ${name}`).join(', ');
  const cells =
    `SELECT x.hour_ms, ${texts.map((name) => `x.${name}`).join(', ')}, ${totals('x')} ` +
    `FROM (${entries}) x GROUP BY x.hour_ms, ${texts.map((name) => `x.${name}`).join(', ')}`;

  const none = () => 'CAST(NULL AS VARCHAR(1024))';
  const branch = (parts: BranchParts) =>
    `SELECT 1 AS side, CAST(${parts.dimension} AS VARCHAR(16)) AS dimension, CAST(${parts.hour} AS BIGINT) AS hour_ms, ` +
    `CAST(${parts.label} AS VARCHAR(1040)) AS label, ` +
    `${texts.map((name) => `${(parts.text ?? none)(name)} AS ${name}`).join(', ')}, ` +
    `${sumNames.map((name) => `${parts.value(name)} AS ${name}`).join(', ')} FROM ${parts.from}`;
  const ofCell = (name: string) => `c.${name}`;
  const byText = ([dimension, column]: readonly [string, string]) =>
    branch({
      ...{ dimension: quoteText(dimension), hour: 'c.hour_ms', label: `c.${column}` },
      ...{ value: ofCell, from: 'cells c' },
    });
  const ofEntry = (name: string) => added[name as SumName];
  const branches = [
    branch({
      ...{ dimension: `'all'`, hour: 'c.hour_ms', label: `'|'`, value: ofCell, from: 'cells c' },
    }),
    ...Object.entries(summary.dimensions).map(byText),
    byText([RANGE, RANGE]),
    branch({
      ...{ dimension: `'day'`, hour: floored('c.hour_ms', DAY_MS), label: 'NULL' },
      ...{ text: ofCell, value: ofCell, from: 'cells c' },
    }),
    branch({
      ...{ dimension: `'ticket'`, hour: '0', label: `e.${dataset.keyField} || '|'` },
      ...{ value: ofEntry },
      from: `${entry} e WHERE e.accepted = 1 AND e.${dataset.keyField} IS NOT NULL`,
    }),
    branch({
      dimension: `CASE WHEN e.accepted = 1 THEN 'shown' WHEN e.rules_version > 0 THEN 'set_aside' ELSE 'unread' END`,
      ...{ hour: '0', label: `e.book_day || '|'`, from: `${entry} e` },
      value: (name) => (name === 'entries' ? '1' : name === 'copies' ? 'e.copies' : '0'),
    }),
    `SELECT 0 AS side, s.dimension, s.hour_ms, ` +
      `CASE WHEN s.value_key = '' AND s.dimension <> 'all' THEN NULL ELSE s.label || '|' END AS label, ` +
      `${texts.map((name) => `s.${name} || '|' AS ${name}`).join(', ')}, ` +
      `${sumNames.map((name) => `COALESCE(s.${name}, 0) AS ${name}`).join(', ')} FROM ${sums} s`,
  ];
  const sides = sumNames.flatMap((name) => [
    `SUM(CASE WHEN d.side = 1 THEN d.${name} ELSE 0 END) AS e_${name}`,
    `SUM(CASE WHEN d.side = 0 THEN d.${name} ELSE 0 END) AS s_${name}`,
  ]);
  const by = ['dimension', 'hour_ms', 'label', ...texts];
  return (
    `WITH cells AS (${cells}) SELECT q.* FROM (SELECT ${by.map((name) => `d.${name}`).join(', ')}, ${sides.join(', ')} ` +
    `FROM (${branches.join(' UNION ALL ')}) d GROUP BY ${by.map((name) => `d.${name}`).join(', ')}) q ` +
    `WHERE ${sumNames.map((name) => `q.e_${name} <> q.s_${name}`).join(' OR ')} LIMIT ${NAMED}`
  );
}

interface BranchParts {
  readonly dimension: string;
  readonly hour: string;
  readonly label: string;
  readonly text?: (name: string) => string;
  readonly value: (name: string) => string;
  readonly from: string;
}

type SumName = (typeof sumNames)[number];

/** Sums under a key that is not their text's: by it tickets and their log entries are joined. */
export function wrongSumKeysSql({ entity }: LogDataset): string {
  const key =
    `CASE WHEN s.dimension = 'ticket' THEN LEFT(SHA2('=' || s.label, 256), 32) ` +
    `WHEN s.dimension = 'all' OR s.label IS NULL THEN '' ELSE MD5(s.label) END`;
  return (
    `SELECT s.dimension, s.hour_ms, s.label, s.value_key, ${key} AS expected_key FROM careplus.${entity}_sums s ` +
    `WHERE s.dimension <> 'day' AND s.value_key <> ${key} LIMIT ${NAMED}`
  );
}

/** What one entry adds to each sum. */
function addedOf({ sums, errorFlag, level }: LogSummary, alias: string): Record<SumName, string> {
  const [first, second] = sums.map((name) => `${alias}.${name}`);
  const where = (condition: string) => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;
  return {
    entries: '1',
    copies: '0',
    errors: where(`${alias}.${errorFlag} = 1`),
    severe: where(`${alias}.${level.column} = ${quoteText(level.error)}`),
    duration_ms: `COALESCE(${first}, 0)`,
    durations: where(`${first} IS NOT NULL`),
    hundredths: `COALESCE(${second}, 0)`,
    readings: where(`${second} IS NOT NULL`),
  };
}

function rangeOf({ sums: [duration], ranges }: LogSummary, alias: string): string {
  const column = `${alias}.${duration}`;
  const when = ranges.map(([label, below]) =>
    below === null
      ? `WHEN ${column} IS NOT NULL THEN ${quoteText(label)}`
      : `WHEN ${column} < ${below} THEN ${quoteText(label)}`,
  );
  return `CASE ${when.join(' ')} END`;
}

/** Downwards of both signs. */
function floored(ms: string, unit: number): string {
  return `${ms} - MOD(MOD(${ms}, ${unit}) + ${unit}, ${unit})`;
}

/** Entries that say of a place that they were read there, and were not. */
export function misplacedSql({ entity }: LogDataset): string {
  const arrived = (table: string) =>
    `SELECT host, generation, pos, entry_id FROM careplus.${entity}_${table} WHERE kind = 'E'`;
  return (
    `SELECT e.entry_id, e.host, e.generation, e.pos FROM careplus.${entity}_entry e ` +
    `LEFT JOIN (${arrived('arrivals')} UNION ALL ${arrived('pending')}) a ` +
    `ON a.entry_id = e.entry_id AND a.host = e.host AND a.generation = e.generation AND a.pos = e.pos ` +
    `WHERE a.entry_id IS NULL AND e.entry_id NOT LIKE 'x:%' LIMIT ${NAMED}`
  );
}

/** Files that claim to be complete up to a time before that of an entry which was read of them. */
export function untimelySql({ entity }: LogDataset): string {
  return (
    `SELECT f.host, f.generation, f.read_at_ms, m.read_at_ms AS newest_ms FROM ops.${entity}_frontier f ` +
    `JOIN (SELECT e.host, e.generation, MAX(e.read_at_ms) AS read_at_ms FROM careplus.${entity}_entry e ` +
    `JOIN ops.${entity}_frontier g ON g.host = e.host AND g.generation = e.generation AND e.pos < g.upto ` +
    `GROUP BY e.host, e.generation) m ON m.host = f.host AND m.generation = f.generation ` +
    `WHERE f.read_at_ms < m.read_at_ms LIMIT ${NAMED}`
  );
}
