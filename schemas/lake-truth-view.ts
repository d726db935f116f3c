import { isTableDataset, type AnyDataset } from './datasets/any-dataset.ts';
import type { TableDataset } from './datasets/dataset.ts';
import type { LakeDataset } from './datasets/lake-dataset.ts';
import type { LogColumn, LogDataset } from './datasets/log-dataset.ts';

/** The one expression in which the engines differ: a TIMESTAMP (UTC) of a column of epoch milliseconds. */
export type TimestampOfMs = (column: string) => string;

/** Name of a dataset's view of the clean truth, such as `support_tickets`. */
export function truthViewName(dataset: LakeDataset): string {
  return dataset.name.replaceAll('-', '_');
}

/** Columns of a dataset's view of the clean truth, in its order; `copies` follows them (BIGINT). */
export function truthViewColumns(dataset: AnyDataset): readonly LogColumn[] {
  const columns: readonly LogColumn[] = dataset.cleanColumns;
  return isTableDataset(dataset) ? columns : [ENTRY_ID, ...columns];
}

const ENTRY_ID: LogColumn = { name: 'entry_id', type: 'text', maxBytes: 32 };

/** The clean truth that a dataset's lake rows add up to, by the rules of the warehouse. */
export function truthViewSql(dataset: AnyDataset, timestampOfMs: TimestampOfMs): string {
  const columns = truthViewColumns(dataset)
    .map((column) => cleanColumn(column, timestampOfMs))
    .join(', ');
  return isTableDataset(dataset) ? tableTruthSql(dataset, columns) : logTruthSql(dataset, columns);
}

/** Ranges that came again count once; an entry is judged by the newest rules that saw it. */
function logTruthSql(dataset: LogDataset, columns: string): string {
  return `
    WITH placed AS (
      SELECT *, ROW_NUMBER() OVER (
        PARTITION BY host, generation, pos ORDER BY rules_version DESC) AS delivery
      FROM ${dataset.glueTable} WHERE kind = 'E'),
    judged AS (
      SELECT *, COUNT(*) OVER (PARTITION BY entry_id) AS copies, ROW_NUMBER() OVER (
        PARTITION BY entry_id ORDER BY rules_version DESC, generation, host, pos) AS verdict
      FROM placed WHERE delivery = 1)
    SELECT ${columns}, CAST(copies AS BIGINT) AS copies
    FROM judged WHERE verdict = 1 AND accepted = 1`;
}

/**
 * What a dataset's lake rows say of the source now, by the rules of the warehouse: repeated
 * deliveries count once, signs since the last barrier of the newest complete epoch are added up,
 * and of each key the accepted row with the greatest rank and image id is shown. Right at rest:
 * numbers that are still on their way are not waited for.
 */
function tableTruthSql(dataset: TableDataset, columns: string): string {
  return `
    WITH numbered AS (
      SELECT *, ROW_NUMBER() OVER (
        PARTITION BY source, epoch, seq ORDER BY rules_version DESC) AS delivery
      FROM ${dataset.glueTable}),
    images AS (SELECT * FROM numbered WHERE delivery = 1),
    complete AS (
      SELECT source, MAX(epoch) AS epoch FROM images WHERE kind = 'E' GROUP BY source),
    barriers AS (
      SELECT source, epoch, MAX(seq) AS seq FROM images WHERE kind = 'T' GROUP BY source, epoch),
    counted AS (
      SELECT i.*,
        SUM(CASE WHEN i.kind = '-' THEN -1 ELSE 1 END) OVER (
          PARTITION BY i.source, i.key_hash, i.image_id) AS copies,
        ROW_NUMBER() OVER (
          PARTITION BY i.source, i.key_hash, i.image_id ORDER BY i.rules_version DESC) AS verdict
      FROM images i
      JOIN complete c ON c.source = i.source AND c.epoch = i.epoch
      LEFT JOIN barriers b ON b.source = i.source AND b.epoch = i.epoch
      WHERE i.kind IN ('+', '-', 'X') AND i.seq > COALESCE(b.seq, 0)),
    live AS (
      SELECT *, ROW_NUMBER() OVER (
        PARTITION BY source, key_hash ORDER BY rank DESC, image_id DESC) AS place
      FROM counted WHERE verdict = 1 AND copies > 0)
    SELECT ${columns}, CAST(copies AS BIGINT) AS copies
    FROM live WHERE place = 1 AND accepted = 1`;
}

function cleanColumn({ name, type }: LogColumn, timestampOfMs: TimestampOfMs): string {
  switch (type) {
    case 'timestamp':
      return `${timestampOfMs(`${name}_ms`)} AS ${name}`;
    case 'hundredths':
      return `CAST(CAST(${name}_hundredths AS DECIMAL(9, 2)) / 100 AS DECIMAL(5, 2)) AS ${name}`;
    case 'boolean':
      return `${name} = 1 AS ${name}`;
    case 'text':
    case 'integer':
      return name;
  }
}
