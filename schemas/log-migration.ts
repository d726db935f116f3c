import type { LogColumn, LogDataset } from './datasets/log-dataset.ts';
import { logRowColumns, logVerdictColumns } from './log-row.ts';
import {
  definition,
  freshnessOfAll,
  quarantinedKey,
  quarantineOfAll,
  secondsOf,
  stageColumns,
  tableColumns,
  type KnownDatasets,
} from './migration-sql.ts';

/**
 * The SQL that a log format needs in the warehouse: stage, ranges, entries, the loader's own tables
 * and the views. What `004-logs.sql` says of the support logs, of any format; whoever adds one
 * makes the file by `npm run -s migration -- NAME` and may add views to it. What the loader sums up
 * of a format that has a `summary` stands in migrations written by hand.
 *
 * @param dataset the new one; everything is named after its entity.
 * @param all every dataset, the new one included: what waits in quarantine is one list of all, and
 *   so is how far each has come.
 */
export function logMigration(dataset: LogDataset, all: KnownDatasets): string {
  const { entity } = dataset;
  return `${[
    `-- ${dataset.name}: made by \`npm run -s migration -- ${dataset.name}\`.`,
    `CREATE TABLE IF NOT EXISTS stage.${entity}_entry (\n${stageColumns(logRowColumns(dataset), STAGE_NOT_NULL)}\n) DISTSTYLE EVEN;`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_arrivals (LIKE careplus.log_arrivals);`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_pending (LIKE careplus.log_arrivals);`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_unreadable (LIKE careplus.log_unreadable);`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_entry (\n${stateColumns(dataset)}\n) DISTKEY (entry_id) SORTKEY (sort_ms);`,
    `CREATE TABLE IF NOT EXISTS ops.${entity}_frontier (LIKE ops.log_frontier);`,
    `CREATE TABLE IF NOT EXISTS ops.${entity}_ledger (LIKE ops.log_ledger);`,
    `CREATE TABLE IF NOT EXISTS ops.${entity}_batches (LIKE ops.log_batches);`,
    entriesView(dataset),
    quarantineView(dataset),
    quarantineOfAll(all),
    reportingView(dataset),
    booksView(dataset),
    freshnessOfAll(all),
  ].join('\n\n')}\n`;
}

const STAGE_NOT_NULL = new Set(
  ['host', 'generation', 'generation_start', 'pos', 'len', 'kind', 'entry_id'].concat(
    ...['rules_version', 'accepted', 'sort_ms'],
  ),
);

function stateColumns(dataset: LogDataset): string {
  const identity = [
    'entry_id VARCHAR(32)',
    'copies BIGINT',
    'host VARCHAR(255)',
    'generation VARCHAR(128)',
    'pos BIGINT',
  ];
  return tableColumns([...identity, ...logVerdictColumns(dataset).map(definition)]);
}

function cleanValue({ name, type }: LogColumn): string {
  switch (type) {
    case 'timestamp':
      return `${secondsOf(`e.${name}_ms`)} AS ${name}`;
    case 'hundredths':
      return `CAST(CAST(e.${name}_hundredths AS DECIMAL(9,2)) / 100 AS DECIMAL(5,2)) AS ${name}`;
    case 'boolean':
      return `CASE WHEN e.${name} = 1 THEN TRUE WHEN e.${name} = 0 THEN FALSE END AS ${name}`;
    case 'text':
    case 'integer':
      return `e.${name}`;
  }
}

function entriesView({ entity, cleanColumns }: LogDataset): string {
  return `CREATE OR REPLACE VIEW careplus.${entity}_entries AS
SELECT ${['e.entry_id', ...cleanColumns.map(cleanValue)].join(', ')}
FROM careplus.${entity}_entry e
WHERE e.accepted = 1;`;
}

/** The same columns of every dataset, for they are one list. */
function quarantineView(dataset: LogDataset): string {
  const { entity, shortName } = dataset;
  const eventId = (alias: string) =>
    `${alias}.host || ':' || ${alias}.generation || ':' || CAST(${alias}.pos AS VARCHAR(20))`;
  const pointer = (alias: string) =>
    `'kafka:' || CAST(${alias}.kafka_partition AS VARCHAR(20)) || ':' || CAST(${alias}.kafka_offset AS VARCHAR(20))`;
  return `CREATE OR REPLACE VIEW careplus.${entity}_quarantine AS
SELECT CAST('${shortName}' AS VARCHAR(64)) AS dataset,
  ${eventId('e')} AS event_id,
  ${quarantinedKey(dataset, 'e')}, e.reasons, e.copies, e.original, e.original_bytes, e.original_encoding,
  ${pointer('e')} AS raw_pointer,
  e.rules_version,
  ${secondsOf('e.read_at_ms')} AS quarantined_at,
  e.host AS source, CAST(NULL AS BIGINT) AS epoch, e.pos AS event_seq, e.entry_id AS image_id, e.book_day
FROM careplus.${entity}_entry e
WHERE e.accepted = 0
UNION ALL
SELECT CAST('${shortName}' AS VARCHAR(64)),
  ${eventId('u')},
  CAST(NULL AS VARCHAR(256)), CAST('record:unreadable' AS VARCHAR(2048)), CAST(1 AS BIGINT),
  CAST(NULL AS VARCHAR(16384)), CAST(NULL AS BIGINT), CAST(NULL AS VARCHAR(16)),
  ${pointer('u')},
  CAST(0 AS INTEGER),
  ${secondsOf('u.read_at_ms')},
  u.host, CAST(NULL AS BIGINT), u.pos, CAST('' AS VARCHAR(32)), CAST('unknown' AS VARCHAR(10))
FROM careplus.${entity}_unreadable u;`;
}

function reportingView({ entity, cleanColumns }: LogDataset): string {
  const values = ['e.entry_id', ...cleanColumns.map(cleanValue), 'e.copies'];
  return `-- What dashboards see; copies tells how often an entry stands in the files.
CREATE OR REPLACE VIEW reporting.${entity}_entries AS
SELECT ${values.join(', ')}
FROM careplus.${entity}_entry e
WHERE e.accepted = 1;`;
}

function booksView({ entity }: LogDataset): string {
  return `CREATE OR REPLACE VIEW reporting.${entity}_books AS
SELECT b.book_day,
  SUM(b.copies) AS copies_read,
  SUM(CASE WHEN b.accepted = 1 THEN 1 ELSE 0 END) AS shown,
  SUM(CASE WHEN b.accepted = 1 THEN b.copies - 1 ELSE 0 END) AS repeats,
  SUM(CASE WHEN b.accepted = 0 AND b.rules_version > 0 THEN 1 ELSE 0 END) AS quarantined,
  SUM(CASE WHEN b.accepted = 0 AND b.rules_version > 0 THEN b.copies - 1 ELSE 0 END) AS quarantined_repeats,
  SUM(CASE WHEN b.rules_version = 0 THEN b.copies ELSE 0 END) AS dead_lettered
FROM (SELECT e.book_day, e.copies, e.accepted, e.rules_version FROM careplus.${entity}_entry e
  UNION ALL
  SELECT CAST('unknown' AS VARCHAR(10)), CAST(1 AS BIGINT), CAST(0 AS INTEGER), CAST(0 AS INTEGER)
  FROM careplus.${entity}_unreadable u) b
GROUP BY b.book_day;`;
}
