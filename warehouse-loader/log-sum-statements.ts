import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import type { LogSummary } from '../schemas/datasets/log-summary.ts';
import type { LoadStatement } from './load-statement.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

const MOVED = 'moved';
const SUMS = 'moved_sums';

/** The temporary tables that {@link logSumStatements} leave behind. */
export const sumTables = [MOVED, SUMS];

const HOUR_MS = 3_600_000;

const measures = (summary: LogSummary) => {
  const [first, second] = summary.sums.map(sqlName);
  return {
    entries: 'm.copies',
    errors: `m.copies * CASE WHEN m.${sqlName(summary.errorFlag)} = 1 THEN 1 ELSE 0 END`,
    duration_ms: `m.copies * CASE WHEN m.${first} IS NULL THEN 0 ELSE CAST(m.${first} AS BIGINT) END`,
    durations: `m.copies * CASE WHEN m.${first} IS NULL THEN 0 ELSE 1 END`,
    hundredths: `m.copies * CASE WHEN m.${second} IS NULL THEN 0 ELSE CAST(m.${second} AS BIGINT) END`,
    readings: `m.copies * CASE WHEN m.${second} IS NULL THEN 0 ELSE 1 END`,
  };
};

type SumName = keyof ReturnType<typeof measures>;
const sumNames: readonly SumName[] = [
  'entries',
  'errors',
  'duration_ms',
  'durations',
  'hundredths',
  'readings',
];

/**
 * The statements that keep the sums of a log's accepted entries (007-history.sql). They belong
 * before the rows of `renewed` are dropped from the entries: what an entry gave in its old verdict
 * is taken back, what it gives in its new one is added.
 */
export function logSumStatements(
  dataset: LogDataset,
  summary: LogSummary,
  entry: string,
): LoadStatement[] {
  const t = sumTablesOf(dataset);
  const columns = movedColumns(dataset, summary);
  return [
    {
      step: 'find moved',
      sql: `CREATE TEMP TABLE ${MOVED} AS SELECT 1 AS copies, n.entry_id, n.sort_ms, ${columns('n')} FROM renewed n WHERE n.accepted = 1
UNION ALL SELECT -1 AS copies, e.entry_id, e.sort_ms, ${columns('e')} FROM renewed n JOIN ${entry} e ON e.sort_ms = n.sort_ms AND e.entry_id = n.entry_id WHERE e.accepted = 1`,
    },
    {
      step: 'sum moved',
      sql: `CREATE TEMP TABLE ${SUMS} AS ${sumsQuery(dataset, summary)}`,
    },
    {
      step: 'add to sums',
      sql: `UPDATE ${t.sums} SET ${sumNames.map((name) => `${name} = ${t.sumsName}.${name} + ${SUMS}.${name}`).join(', ')}
FROM ${SUMS} WHERE ${sameSum(t.sumsName, SUMS)}`,
    },
    {
      step: 'new sums',
      sql: `INSERT INTO ${t.sums} (dimension, hour_ms, value_key, label, ${sumNames.join(', ')})
SELECT s.dimension, s.hour_ms, s.value_key, s.label, ${sumNames.map((name) => `s.${name}`).join(', ')}
FROM ${SUMS} s LEFT JOIN ${t.sums} k ON ${sameSum('k', 's')} WHERE k.dimension IS NULL`,
    },
    {
      step: 'drop errors',
      sql: `DELETE FROM ${t.errors} USING ${MOVED}
WHERE ${t.errorsName}.logged_at_ms = ${MOVED}.logged_at_ms AND ${t.errorsName}.entry_id = ${MOVED}.entry_id`,
    },
    { step: 'add errors', sql: errorsQuery(dataset, summary) },
  ];
}

/** Makes the sums and errors anew from all entries: what the statements of all batches come to. */
export function recomputeLogSums(
  dataset: LogDataset,
  summary: LogSummary,
  entry: string,
): string[] {
  const t = sumTablesOf(dataset);
  return [
    `DELETE FROM ${t.sums}`,
    `DELETE FROM ${t.errors}`,
    `CREATE TEMP TABLE ${MOVED} AS SELECT 1 AS copies, e.entry_id, e.sort_ms, ${movedColumns(dataset, summary)('e')} FROM ${entry} e WHERE e.accepted = 1`,
    `INSERT INTO ${t.sums} (dimension, hour_ms, value_key, label, ${sumNames.join(', ')})
${sumsQuery(dataset, summary)}`,
    errorsQuery(dataset, summary),
    `DROP TABLE ${MOVED}`,
  ];
}

/** Not 0 when the sums do not hold as many entries as there are. */
export function staleSumsQuery(dataset: LogDataset, entry: string): string {
  return `SELECT a.entries - CASE WHEN b.entries IS NULL THEN 0 ELSE b.entries END AS stale FROM (SELECT COUNT(*) AS entries FROM ${entry} e WHERE e.accepted = 1) a CROSS JOIN (SELECT SUM(s.entries) AS entries FROM ${sumTablesOf(dataset).sums} s WHERE s.dimension = 'all') b`;
}

function sumTablesOf(dataset: LogDataset) {
  const entity = sqlName(dataset.entity);
  return {
    sums: `careplus.${entity}_sums`,
    sumsName: `${entity}_sums`,
    errors: `careplus.${entity}_errors`,
    errorsName: `${entity}_errors`,
  };
}

function movedColumns(dataset: LogDataset, summary: LogSummary): (alias: string) => string {
  const { dimensions, sums, errorFlag, level } = summary;
  const names = new Set([
    ...[...Object.values(dimensions), ...sums, errorFlag, level.column, dataset.keyField],
    'logged_at_ms',
  ]);
  return (alias) => {
    const ms = `${alias}.logged_at_ms`;
    // Downwards of both signs: the rest of a division keeps the sign of what is divided.
    const hour = `${ms} - MOD(MOD(${ms}, ${HOUR_MS}) + ${HOUR_MS}, ${HOUR_MS}) AS hour_ms`;
    return [...[...names].map((name) => `${alias}.${sqlName(name)}`), hour].join(', ');
  };
}

/** One branch for each dimension; texts are told apart with a mark behind, for blanks at their end count. */
function sumsQuery(dataset: LogDataset, summary: LogSummary): string {
  const given = Object.entries(measures(summary)).map(
    ([name, sql]) => `CAST(SUM(${sql}) AS BIGINT) AS ${name}`,
  );
  const branch = (dimension: string, hour: string, valueKey: string, label: string, rest: string) =>
    `SELECT CAST(${quoteText(dimension)} AS VARCHAR(16)) AS dimension, CAST(${hour} AS BIGINT) AS hour_ms, CAST(${valueKey} AS VARCHAR(32)) AS value_key, CAST(${label} AS VARCHAR(1024)) AS label, ${given.join(', ')}
FROM ${MOVED} m ${rest}`;
  const byText = (dimension: string, text: string) =>
    branch(
      dimension,
      'm.hour_ms',
      `CASE WHEN MAX(${text}) IS NULL THEN '' ELSE MD5(MAX(${text})) END`,
      `MAX(${text})`,
      `GROUP BY m.hour_ms, ${text} || '|'`,
    );
  const ticket = `m.${sqlName(dataset.keyField)}`;
  return [
    branch('all', 'm.hour_ms', `''`, `''`, 'GROUP BY m.hour_ms'),
    branch(
      'ticket',
      '0',
      `LEFT(SHA2('=' || MAX(${ticket}), 256), 32)`,
      `MAX(${ticket})`,
      `WHERE ${ticket} IS NOT NULL GROUP BY ${ticket} || '|'`,
    ),
    ...Object.entries(summary.dimensions).map(([name, column]) =>
      byText(name, `m.${sqlName(column)}`),
    ),
    byText('response_range', rangeOf(summary)),
  ].join('\nUNION ALL ');
}

function rangeOf({ sums: [duration], ranges }: LogSummary): string {
  const column = `m.${sqlName(duration)}`;
  const when = ranges.map(([label, below]) =>
    below === null
      ? `WHEN ${column} IS NOT NULL THEN ${quoteText(label)}`
      : `WHEN ${column} < ${below} THEN ${quoteText(label)}`,
  );
  return `CASE ${when.join(' ')} END`;
}

function errorsQuery(dataset: LogDataset, { level }: LogSummary): string {
  const ticket = `m.${sqlName(dataset.keyField)}`;
  return `INSERT INTO ${sumTablesOf(dataset).errors} (entry_id, logged_at_ms, ticket_key, ticket_id)
SELECT m.entry_id, m.logged_at_ms, LEFT(SHA2('=' || ${ticket}, 256), 32), ${ticket}
FROM ${MOVED} m WHERE m.copies = 1 AND m.${sqlName(level.column)} = ${quoteText(level.error)} AND ${ticket} IS NOT NULL`;
}

const sameSum = (a: string, b: string) =>
  ['dimension', 'hour_ms', 'value_key'].map((name) => `${a}.${name} = ${b}.${name}`).join(' AND ');
