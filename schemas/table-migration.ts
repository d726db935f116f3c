import type { CleanColumn, TableDataset } from './datasets/dataset.ts';
import type { Lifecycle } from './datasets/lifecycle.ts';
import { imageRowColumns, verdictColumns } from './image-row.ts';
import {
  definition,
  freshnessOfAll,
  lines,
  quarantinedKey,
  quarantineOfAll,
  secondsOf,
  stageColumns,
  tableColumns,
  type KnownDatasets,
} from './migration-sql.ts';

/**
 * The SQL that a table's dataset needs in the warehouse: stage, pending, history, state, the
 * loader's own tables and the views. What `002-tickets.sql` says of tickets, of any dataset;
 * whoever adds one makes the file by `npm run -s migration -- NAME` and may add views to it.
 *
 * @param dataset the new one; everything is named after its entity.
 * @param all every dataset, the new one included: what waits in quarantine is one list of all, and
 *   so is how far each has come.
 */
export function tableMigration(dataset: TableDataset, all: KnownDatasets): string {
  const { entity } = dataset;
  return `${[
    `-- ${dataset.name}: made by \`npm run -s migration -- ${dataset.name}\`.`,
    `CREATE TABLE IF NOT EXISTS stage.${entity}_image (\n${stageColumns(imageRowColumns(dataset), STAGE_NOT_NULL)}\n) DISTSTYLE EVEN;`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_pending (LIKE stage.${entity}_image);`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_changes (\n${lines(imageRowColumns(dataset).map(definition))}\n) DISTKEY (key_hash) COMPOUND SORTKEY (source, epoch, seq);`,
    `CREATE TABLE IF NOT EXISTS careplus.${entity}_state (\n${stateColumns(dataset)}\n) DISTKEY (key_hash)${sortKey(dataset)};`,
    ...(dataset.lifecycle ? [periodsTable(dataset, dataset.lifecycle)] : []),
    `CREATE TABLE IF NOT EXISTS ops.${entity}_frontier (LIKE ops.ticket_frontier);`,
    `CREATE TABLE IF NOT EXISTS ops.${entity}_ledger (LIKE ops.ticket_ledger);`,
    `CREATE TABLE IF NOT EXISTS ops.${entity}_batches (LIKE ops.ticket_batches);`,
    cleanView(dataset),
    quarantineView(dataset),
    quarantineOfAll(all),
    reportingView(dataset),
    booksView(dataset),
    freshnessOfAll(all),
  ].join('\n\n')}\n`;
}

const STAGE_NOT_NULL = new Set(
  ['source', 'epoch', 'seq', 'tx_end', 'kind', 'key_hash', 'image_id', 'rank'].concat(
    'rules_version',
    'accepted',
  ),
);

function stateColumns(dataset: TableDataset): string {
  const identity = [
    'source VARCHAR(255)',
    'epoch BIGINT',
    'key_hash VARCHAR(32)',
    'image_id VARCHAR(32)',
    'copies BIGINT',
    'is_latest INTEGER',
    'event_seq BIGINT',
  ];
  return tableColumns([...identity, ...verdictColumns(dataset).map(definition)]);
}

/** What the loader tells of a table whose rows have statuses over time. */
function periodsTable(dataset: TableDataset, { status, carried }: Lifecycle): string {
  const widths = new Map(
    verdictColumns(dataset).map(({ name, warehouseType }) => [name, warehouseType]),
  );
  const as = (name: string, column: string) => `${name} ${widths.get(column) ?? 'VARCHAR(64)'}`;
  const own = [
    ...['source VARCHAR(255)', 'key_hash VARCHAR(32)', 'place INTEGER'],
    ...[as('status', status), as('prior_status', status)],
    ...['entered_ms BIGINT', 'left_ms BIGINT', 'epoch BIGINT', 'seq BIGINT'],
  ];
  const beside = [dataset.keyField, ...carried].map((name) => as(name, name));
  return `CREATE TABLE IF NOT EXISTS careplus.${dataset.entity}_periods (
${lines([...own, ...beside, 'rules_version INTEGER'])}
) DISTKEY (key_hash) SORTKEY (entered_ms);`;
}

/** By the first time of the dataset, by which people tend to ask. */
function sortKey({ cleanColumns }: TableDataset): string {
  const time = cleanColumns.find(({ type }) => type === 'timestamp');
  return time ? ` SORTKEY (${time.name}_ms)` : '';
}

function cleanValue({ name, type }: CleanColumn): string {
  return type === 'timestamp' ? `${secondsOf(`s.${name}_ms`)} AS ${name}` : `s.${name}`;
}

const shownState = (entity: string) => `FROM careplus.${entity}_state s
JOIN ops.${entity}_frontier f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1`;

function cleanView({ entity, cleanColumns }: TableDataset): string {
  return `CREATE OR REPLACE VIEW careplus.${entity}s AS
SELECT ${cleanColumns.map(cleanValue).join(', ')},
  s.source, s.epoch, s.event_seq, s.image_id, s.copies, s.rules_version, s.cut_values, s.book_day
${shownState(entity)}
WHERE s.is_latest = 1 AND s.accepted = 1 AND s.copies > 0;`;
}

/** The same columns of every dataset, for they are one list. */
function quarantineView(dataset: TableDataset): string {
  const { entity, shortName } = dataset;
  return `CREATE OR REPLACE VIEW careplus.${entity}_quarantine AS
SELECT CAST('${shortName}' AS VARCHAR(64)) AS dataset,
  s.source || ':' || CAST(s.epoch AS VARCHAR(20)) || ':' || CAST(s.event_seq AS VARCHAR(20)) AS event_id,
  ${quarantinedKey(dataset, 's')}, s.reasons, s.copies, s.original, s.original_bytes,
  CASE WHEN s.original IS NULL THEN NULL ELSE CAST('utf8' AS VARCHAR(16)) END AS original_encoding,
  'kafka:' || CAST(s.kafka_partition AS VARCHAR(20)) || ':' || CAST(s.kafka_offset AS VARCHAR(20)) AS raw_pointer,
  s.rules_version,
  ${secondsOf('s.committed_ms')} AS quarantined_at,
  s.source, s.epoch, s.event_seq, s.image_id, s.book_day
${shownState(entity)}
WHERE s.accepted = 0 AND s.copies > 0;`;
}

function reportingView({ entity, cleanColumns }: TableDataset): string {
  const names = cleanColumns.map(({ name }) => `t.${name}`);
  return `-- What dashboards see.
CREATE OR REPLACE VIEW reporting.${entity}s AS
SELECT ${names.join(', ')}
FROM careplus.${entity}s t;`;
}

function booksView({ entity }: TableDataset): string {
  return `CREATE OR REPLACE VIEW reporting.${entity}_books AS
SELECT s.book_day,
  SUM(s.copies) AS copies_read,
  SUM(CASE WHEN s.accepted = 1 AND s.is_latest = 1 THEN 1 ELSE 0 END) AS shown,
  SUM(CASE WHEN s.accepted = 1 THEN s.copies - 1 ELSE 0 END) AS repeats,
  SUM(CASE WHEN s.accepted = 1 AND s.is_latest = 0 THEN 1 ELSE 0 END) AS superseded,
  SUM(CASE WHEN s.accepted = 0 AND s.rules_version > 0 THEN 1 ELSE 0 END) AS quarantined,
  SUM(CASE WHEN s.accepted = 0 AND s.rules_version > 0 THEN s.copies - 1 ELSE 0 END) AS quarantined_repeats,
  SUM(CASE WHEN s.rules_version = 0 THEN s.copies ELSE 0 END) AS dead_lettered
${shownState(entity)}
WHERE s.copies > 0
GROUP BY s.book_day;`;
}
