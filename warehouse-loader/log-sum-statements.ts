import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import type { LogSummary } from '../schemas/datasets/log-summary.ts';
import type { LoadStatement } from './load-statement.ts';
import { quoteText, sqlName } from '../runtime/sql/quoting.ts';

const MOVED = 'moved';
const CELLS = 'moved_cells';
const SUMS = 'moved_sums';

/** The temporary tables that {@link logSumStatements} leave behind. */
export const sumTables = [MOVED, CELLS, SUMS];

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What is summed up of each row of `moved`. */
const sumNames = [
  'entries',
  'copies',
  'errors',
  'severe',
  'duration_ms',
  'durations',
  'hundredths',
  'readings',
] as const;
type SumName = (typeof sumNames)[number];

/**
 * The statements that keep the sums of a log's entries (007-history.sql, 013-page-sums.sql). They
 * belong before the rows of `renewed` are dropped from the entries: what an entry gave in its old
 * verdict is taken back, what it gives in its new one is added. The batch is summed up by all
 * dimensions first, so that what follows reads few rows, not entries.
 */
export function logSumStatements(
  dataset: LogDataset,
  summary: LogSummary,
  entry: string,
  renewedRows: string,
): LoadStatement[] {
  const { sums, sumsName } = sumTablesOf(dataset);
  const columns = movedColumns(dataset, summary);
  const both = `SELECT 1 AS sign, n.copies, ${columns('s')} FROM ${renewedRows}
UNION ALL SELECT -1 AS sign, 0 - k.copies AS copies, ${columns('e')} FROM known k JOIN ${entry} e ON e.sort_ms = k.sort_ms AND e.entry_id = k.entry_id WHERE k.newer = 1`;
  // Repeats of entries that keep their verdict.
  const repeated = `SELECT e.accepted, e.rules_version, e.book_day, 0 AS entries, k.more AS copies
FROM known k JOIN ${entry} e ON e.sort_ms = k.sort_ms AND e.entry_id = k.entry_id WHERE k.newer = 0 AND k.more > 0`;
  const columnNames = sumColumns(summary);
  return [
    {
      step: 'find moved',
      sql: `CREATE TEMP TABLE ${MOVED} AS ${movedQuery(dataset, summary, both)}`,
    },
    { step: 'cells', sql: `CREATE TEMP TABLE ${CELLS} AS ${cellsQuery(summary)}` },
    {
      step: 'sum moved',
      sql: `CREATE TEMP TABLE ${SUMS} AS ${sumsQuery(summary, repeated)}`,
    },
    {
      step: 'add to sums',
      sql: `UPDATE ${sums} SET ${sumNames.map((name) => `${name} = ${sumsName}.${name} + ${SUMS}.${name}`).join(', ')}
FROM ${SUMS} WHERE ${sameSum(sumsName, SUMS)}`,
    },
    {
      step: 'new sums',
      sql: `INSERT INTO ${sums} (${columnNames.join(', ')})
SELECT ${columnNames.map((name) => `s.${name}`).join(', ')}
FROM ${SUMS} s LEFT JOIN ${sums} k ON ${sameSum('k', 's')} WHERE k.dimension IS NULL`,
    },
  ];
}

/** Makes the sums anew from all entries: what the statements of all batches come to. */
export function recomputeLogSums(
  dataset: LogDataset,
  summary: LogSummary,
  entry: string,
): string[] {
  const { sums } = sumTablesOf(dataset);
  const all = `SELECT 1 AS sign, e.copies, ${movedColumns(dataset, summary)('e')} FROM ${entry} e`;
  return [
    `DELETE FROM ${sums}`,
    `CREATE TEMP TABLE ${MOVED} AS ${movedQuery(dataset, summary, all)}`,
    `CREATE TEMP TABLE ${CELLS} AS ${cellsQuery(summary)}`,
    `INSERT INTO ${sums} (${sumColumns(summary).join(', ')})
${sumsQuery(summary)}`,
    `DROP TABLE ${MOVED}, ${CELLS}`,
  ];
}

/** Not 0 when the sums do not hold what there is, or not each other's: an older loader knows less of them. */
export function staleSumsQuery(dataset: LogDataset, entry: string): string {
  const compared = ['entries', 'errors', 'duration_ms', 'hundredths'] as const;
  const of = (dimensions: readonly string[], name: SumName) =>
    `COALESCE(SUM(CASE WHEN s.dimension IN (${dimensions.map(quoteText).join(', ')}) THEN s.${name} ELSE 0 END), 0)`;
  const columns = [
    ...compared.flatMap((name) => [
      `${of(['all'], name)} AS ${name}`,
      `${of(['day'], name)} AS day_${name}`,
    ]),
    `${of(Object.values(books), 'copies')} AS copies`,
  ];
  const same = [
    ...['a.entries = b.entries', 'a.copies = b.copies'],
    ...compared.map((name) => `b.${name} = b.day_${name}`),
  ];
  return `SELECT CASE WHEN ${same.join(' AND ')} THEN 0 ELSE 1 END AS stale
FROM (SELECT COALESCE(SUM(e.accepted), 0) AS entries, COALESCE(SUM(e.copies), 0) AS copies FROM ${entry} e) a
CROSS JOIN (SELECT ${columns.join(', ')} FROM ${sumTablesOf(dataset).sums} s) b`;
}

function sumTablesOf(dataset: LogDataset) {
  const sumsName = `${sqlName(dataset.entity)}_sums`;
  return { sums: `careplus.${sumsName}`, sumsName };
}

/** Columns of the sums' table by which all dimensions are told at once. */
const RANGE = 'response_range';
const textColumns = ({ dimensions }: LogSummary) => [
  ...Object.values(dimensions).map(sqlName),
  RANGE,
];
const sumColumns = (summary: LogSummary): readonly string[] => [
  ...['dimension', 'hour_ms', 'value_key', 'label'],
  ...textColumns(summary),
  ...sumNames,
];

function movedColumns(dataset: LogDataset, summary: LogSummary): (alias: string) => string {
  const { dimensions, sums, errorFlag, level } = summary;
  const names = new Set([
    ...['accepted', 'rules_version', 'book_day', 'logged_at_ms'],
    ...[...Object.values(dimensions), ...sums, errorFlag, level.column, dataset.keyField],
  ]);
  return (alias) => [...names].map((name) => `${alias}.${sqlName(name)}`).join(', ');
}

/**
 * One row for each verdict that comes or goes, with what it adds to each sum. Texts are marked at
 * their end: Amazon Redshift ignores blanks there when it groups.
 */
function movedQuery(dataset: LogDataset, summary: LogSummary, verdicts: string): string {
  const { sums, errorFlag, level, dimensions } = summary;
  const [first, second] = sums.map((name) => `m.${sqlName(name)}`);
  const where = (condition: string) => `m.sign * CASE WHEN ${condition} THEN 1 ELSE 0 END`;
  const added = {
    entries: 'm.sign',
    copies: 'm.copies',
    errors: where(`m.${sqlName(errorFlag)} = 1`),
    severe: where(`m.${sqlName(level.column)} = ${quoteText(level.error)}`),
    duration_ms: `m.sign * COALESCE(${first}, 0)`,
    durations: where(`${first} IS NOT NULL`),
    hundredths: `m.sign * COALESCE(${second}, 0)`,
    readings: where(`${second} IS NOT NULL`),
  } satisfies Record<SumName, string>;
  const marked = (text: string, name: string) => `${text} || '|' AS ${name}`;
  const columns = [
    ...['m.accepted', 'm.rules_version', 'm.book_day'],
    `${floored('m.logged_at_ms', HOUR_MS)} AS hour_ms`,
    ...Object.values(dimensions).map((name) => marked(`m.${sqlName(name)}`, sqlName(name))),
    marked(rangeOf(summary), RANGE),
    marked(`m.${sqlName(dataset.keyField)}`, 'ticket'),
    ...sumNames.map((name) => `${added[name]} AS ${name}`),
  ];
  return `SELECT ${columns.join(', ')}
FROM (${verdicts}) m`;
}

/** Downwards of both signs: the rest of a division keeps the sign of what is divided. */
const floored = (ms: string, unit: number) => `${ms} - MOD(MOD(${ms}, ${unit}) + ${unit}, ${unit})`;

/** Only the books count copies: a repeat moves nothing else. */
const summedUp = sumNames
  .map((name) => `CAST(${name === 'copies' ? '0' : `SUM(m.${name})`} AS BIGINT) AS ${name}`)
  .join(', ');

/** Accepted entries by the hour and all dimensions at once. */
function cellsQuery(summary: LogSummary): string {
  const by = ['hour_ms', ...textColumns(summary)].map((name) => `m.${name}`).join(', ');
  return `SELECT ${by}, ${summedUp} FROM ${MOVED} m WHERE m.accepted = 1 GROUP BY ${by}`;
}

/** The books' dimensions: accepted entries, those set aside, and those that could not be read. */
const books = { shown: 'shown', setAside: 'set_aside', unread: 'unread' } as const;

/**
 * One branch for each dimension, the books and the tickets.
 *
 * @param repeated rows of entries whose verdict stays, for the books.
 */
function sumsQuery(summary: LogSummary, repeated?: string): string {
  const texts = textColumns(summary);
  const branch = (
    parts: { dimension: string; hour: string; key: string; label: string },
    rest: string,
    text: (name: string) => string = () => 'NULL',
    given = summedUp,
  ) =>
    `SELECT CAST(${parts.dimension} AS VARCHAR(16)) AS dimension, CAST(${parts.hour} AS BIGINT) AS hour_ms, CAST(${parts.key} AS VARCHAR(32)) AS value_key, CAST(${parts.label} AS VARCHAR(1024)) AS label, ${texts.map((name) => `CAST(${text(name)} AS VARCHAR(1024)) AS ${name}`).join(', ')}, ${given}
FROM ${rest}`;
  const byText = (dimension: string, column: string) =>
    branch(
      {
        dimension: quoteText(dimension),
        hour: 'm.hour_ms',
        key: `CASE WHEN m.${column} IS NULL THEN '' ELSE MD5(${unmarked(column)}) END`,
        label: unmarked(column),
      },
      `${CELLS} m GROUP BY m.hour_ms, m.${column}`,
    );
  const day = floored('m.hour_ms', DAY_MS);
  const ticketKey = `LEFT(SHA2('=' || ${unmarked('ticket')}, 256), 32)`;
  const booked = `SELECT m.accepted, m.rules_version, m.book_day, m.entries, m.copies FROM ${MOVED} m`;
  const inBooks = sumNames.map((name) =>
    name === 'entries' || name === 'copies'
      ? `CAST(SUM(b.${name}) AS BIGINT) AS ${name}`
      : `CAST(0 AS BIGINT) AS ${name}`,
  );
  const book = `CASE WHEN b.accepted = 1 THEN '${books.shown}' WHEN b.rules_version > 0 THEN '${books.setAside}' ELSE '${books.unread}' END`;
  return [
    branch(
      { dimension: `'all'`, hour: 'm.hour_ms', key: `''`, label: `''` },
      `${CELLS} m GROUP BY m.hour_ms`,
    ),
    ...Object.entries(summary.dimensions).map(([name, column]) => byText(name, sqlName(column))),
    byText(RANGE, RANGE),
    branch(
      {
        dimension: `'day'`,
        hour: day,
        key: `MD5(${texts.map(lengthAndText).join(' || ')})`,
        label: 'NULL',
      },
      `${CELLS} m GROUP BY ${day}, ${texts.map((name) => `m.${name}`).join(', ')}`,
      unmarked,
    ),
    branch(
      { dimension: `'ticket'`, hour: '0', key: ticketKey, label: unmarked('ticket') },
      `${MOVED} m WHERE m.accepted = 1 AND m.ticket IS NOT NULL GROUP BY m.ticket`,
    ),
    branch(
      {
        dimension: book,
        hour: '0',
        key: `CASE WHEN b.book_day IS NULL THEN '' ELSE MD5(b.book_day) END`,
        label: 'b.book_day',
      },
      `(${[booked, ...(repeated === undefined ? [] : [repeated])].join('\nUNION ALL ')}) b GROUP BY ${book}, b.book_day`,
      undefined,
      inBooks.join(', '),
    ),
  ].join('\nUNION ALL ');
}

/** A marked text as it was. */
const unmarked = (name: string) => `LEFT(m.${name}, LENGTH(m.${name}) - 1)`;

/** Texts behind each other can be told apart by their lengths. */
const lengthAndText = (name: string) =>
  `COALESCE(CAST(LENGTH(m.${name}) AS VARCHAR(8)) || ':' || m.${name}, '-')`;

function rangeOf({ sums: [duration], ranges }: LogSummary): string {
  const column = `m.${sqlName(duration)}`;
  const when = ranges.map(([label, below]) =>
    below === null
      ? `WHEN ${column} IS NOT NULL THEN ${quoteText(label)}`
      : `WHEN ${column} < ${below} THEN ${quoteText(label)}`,
  );
  return `CASE ${when.join(' ')} END`;
}

const sameSum = (a: string, b: string) =>
  ['dimension', 'hour_ms', 'value_key'].map((name) => `${a}.${name} = ${b}.${name}`).join(' AND ');
