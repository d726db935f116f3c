import type { CleanColumn, TableDataset } from '../../schemas/datasets/dataset.ts';

/** Name of a dataset's view of the clean truth, such as `support_tickets`. */
export function truthViewName(dataset: TableDataset): string {
  return dataset.name.replaceAll('-', '_');
}

/**
 * What a dataset's lake rows say of the source now, by the rules of the warehouse: repeated
 * deliveries count once, signs since the last barrier of the newest complete epoch are added up,
 * and of each key the accepted row with the greatest rank and image id is shown. Right at rest:
 * numbers that are still on their way are not waited for.
 */
export function truthViewSql(dataset: TableDataset): string {
  const columns = dataset.cleanColumns.map(cleanColumn).join(', ');
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

function cleanColumn({ name, type }: CleanColumn): string {
  return type === 'timestamp' ? `epoch_ms(${name}_ms) AS ${name}` : name;
}
