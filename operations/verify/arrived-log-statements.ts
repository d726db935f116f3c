import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';

/** How far each file of every host is covered. */
export function frontiersSql({ entity }: LogDataset): string {
  return `SELECT host, generation, generation_start, upto FROM ops.${entity}_frontier`;
}

/**
 * Files whose ranges do not tile what the frontier says. Not those with an unreadable block, whose
 * range may be covered by readable ones too.
 */
export function untiledSql({ entity }: LogDataset): string {
  return (
    `SELECT f.host, f.generation, f.upto - f.generation_start AS covered, ` +
    `COALESCE(SUM(a.len), 0) AS arrived FROM ops.${entity}_frontier f ` +
    `LEFT JOIN careplus.${entity}_arrivals a ON a.host = f.host AND a.generation = f.generation ` +
    `WHERE NOT EXISTS (SELECT 1 FROM careplus.${entity}_unreadable u ` +
    `WHERE u.host = f.host AND u.generation = f.generation) ` +
    `GROUP BY f.host, f.generation, f.upto, f.generation_start ` +
    `HAVING f.upto - f.generation_start <> COALESCE(SUM(a.len), 0)`
  );
}

/** Entries that are not counted as often as they have arrived: how often more, or less. */
export function miscountedSql({ entity }: LogDataset): string {
  const arrived = (table: string) =>
    `SELECT entry_id, CAST(-1 AS BIGINT) AS copies FROM careplus.${entity}_${table} WHERE kind = 'E'`;
  return (
    `SELECT c.entry_id, SUM(c.copies) AS surplus FROM (` +
    `SELECT entry_id, copies FROM careplus.${entity}_entry UNION ALL ` +
    `${arrived('arrivals')} UNION ALL ${arrived('pending')}) c ` +
    `GROUP BY c.entry_id HAVING SUM(c.copies) <> 0`
  );
}

/** The books of each day, as the state tells them, and how many were judged by other rules. */
export function dayBooksSql({ entity, rulesVersion }: LogDataset): string {
  const when = (condition: string, count: string) =>
    `SUM(CASE WHEN ${condition} THEN ${count} ELSE 0 END)`;
  return (
    `SELECT e.book_day AS day, SUM(e.copies) AS copies_read, ` +
    `${when('e.accepted = 1', '1')} AS shown, ` +
    `${when('e.accepted = 1', 'e.copies - 1')} AS repeats, ` +
    `${when('e.accepted = 0 AND e.rules_version > 0', '1')} AS quarantined, ` +
    `${when('e.accepted = 0 AND e.rules_version > 0', 'e.copies - 1')} AS quarantined_repeats, ` +
    `${when('e.rules_version = 0', 'e.copies')} AS dead_lettered, ` +
    `${when(`e.rules_version > 0 AND e.rules_version <> ${rulesVersion}`, '1')} AS other_rules ` +
    `FROM careplus.${entity}_entry e GROUP BY e.book_day`
  );
}

/** Blocks that could not be read: how many entries they hold cannot be told, so each is one. */
export function unreadableSql({ entity }: LogDataset): string {
  return `SELECT COUNT(*) AS blocks FROM careplus.${entity}_unreadable`;
}
