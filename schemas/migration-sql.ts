import type { TableDataset } from './datasets/dataset.ts';
import type { LogDataset } from './datasets/log-dataset.ts';
import type { LakeColumn } from './lake-column.ts';

/** What the migrations of tables and of log formats have in common. */

/** Every dataset, the new one included. */
export interface KnownDatasets {
  readonly tables: readonly TableDataset[];
  readonly logs: readonly LogDataset[];
}

export const lines = (texts: readonly string[]) => texts.map((each) => `  ${each}`).join(',\n');

export const definition = ({ name, warehouseType }: LakeColumn) => `${name} ${warehouseType}`;

/** UTC, from a column of epoch milliseconds. */
export const secondsOf = (column: string) =>
  `TIMESTAMP 'epoch' + (${column} / 1000) * INTERVAL '1 second'`;

/**
 * Columns of a table that holds clean values.
 *
 * @throws {TypeError} where a clean column has the name of one that every row has.
 */
export function tableColumns(definitions: readonly string[]): string {
  const names = definitions.map((each) => each.split(' ')[0]);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new TypeError(`every row has a column ${twice}: give the clean column another name`);
  }
  return lines(definitions);
}

/** COPY checks NOT NULL: a file without numbers fails there, where it can be told apart. */
export function stageColumns(columns: readonly LakeColumn[], always: ReadonlySet<string>): string {
  return tableColumns(
    columns.map((column) => definition(column) + (always.has(column.name) ? ' NOT NULL' : '')),
  );
}

const KEY_BYTES = 256;

/** The key of a row in the list of all that waits in quarantine, where it stands as `ticket_id`. */
export function quarantinedKey(
  { keyField, cleanColumns }: Pick<LogDataset, 'keyField' | 'cleanColumns'>,
  alias: string,
): string {
  const column = cleanColumns.find(({ name }) => name === keyField);
  if (column?.type !== 'text') return `CAST(NULL AS VARCHAR(${KEY_BYTES})) AS ticket_id`;
  const value = `${alias}.${keyField}`;
  // The list has had its type from the first dataset on.
  if (column.maxBytes !== KEY_BYTES) return `CAST(${value} AS VARCHAR(${KEY_BYTES})) AS ticket_id`;
  return keyField === 'ticket_id' ? value : `${value} AS ticket_id`;
}

const union = (selects: readonly string[]) => selects.join('\nUNION ALL\n');

/** What waits in quarantine is one list of all datasets. */
export function quarantineOfAll({ tables, logs }: KnownDatasets): string {
  const selects = [...tables, ...logs].map(
    ({ entity }) => `SELECT * FROM careplus.${entity}_quarantine`,
  );
  return `CREATE OR REPLACE VIEW careplus.quarantine AS\n${union(selects)};`;
}

/** How far each dataset has come. */
export function freshnessOfAll({ tables, logs }: KnownDatasets): string {
  const selects = [...tables.map(tableFreshness), ...logs.map(logFreshness)];
  return `CREATE OR REPLACE VIEW reporting.freshness AS\n${union(selects)};`;
}

function tableFreshness({ entity, shortName }: TableDataset): string {
  return `SELECT CAST('${shortName}' AS VARCHAR(64)) AS dataset, f.source, f.epoch, f.seq, f.committed_ms,
  ${secondsOf('f.committed_ms')} AS complete_up_to
FROM ops.${entity}_frontier f
WHERE f.shown = 1`;
}

function logFreshness({ entity, shortName }: LogDataset): string {
  return `SELECT CAST('${shortName}' AS VARCHAR(64)) AS dataset, g.host AS source, CAST(NULL AS BIGINT) AS epoch,
  CAST(SUM(g.upto - g.generation_start) AS BIGINT) AS seq, MAX(g.read_at_ms) AS committed_ms,
  ${secondsOf('MAX(g.read_at_ms)')} AS complete_up_to
FROM ops.${entity}_frontier g
GROUP BY g.host`;
}
