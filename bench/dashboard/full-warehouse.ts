import type pg from 'pg';
import { supportLogs } from '../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { recomputeLogSums } from '../../warehouse-loader/log-sum-statements.ts';
import { logTables } from '../../warehouse-loader/log-statements.ts';
import { recomputePeriods } from '../../warehouse-loader/period-statements.ts';

const START_MS = Date.UTC(2025, 6, 1);
const MINUTE_MS = 60_000;

/** The transaction that wrote a version. */
const committed = (version: string) =>
  `CASE WHEN ${version} > 0 THEN '0-1-' || (k.k * 4 + (${version})) END AS gtid, k.opened_ms + (${version}) * 3600000 AS committed_ms`;

/** What a ticket says in its version `v`: it is resolved, reopened, resolved again. */
const ticket = `k.source, k.epoch, LEFT(SHA2('=TCK' || k.k, 256), 32) AS key_hash, md5('TCK' || k.k || '/' || k.v) AS image_id,
  k.opened_ms + k.v AS rank, 1 AS rules_version, 1 AS accepted, 'TCK' || k.k AS ticket_id, k.opened_ms AS created_at_ms,
  CASE WHEN k.v % 2 = 1 THEN k.opened_ms + k.v * 3600000 END AS resolved_at_ms,
  'agent ' || (k.k % 50) AS agent, (ARRAY['Low', 'Medium', 'High'])[1 + k.k % 3] AS priority, k.k % 9 AS num_interactions,
  'category ' || (k.k % 5) AS issue_category, (ARRAY['Email', 'Chat', 'Phone', 'Web Form'])[1 + k.k % 4] AS channel,
  CASE WHEN k.v % 2 = 1 THEN 'Resolved' ELSE 'Open' END AS status`;

const columns = `source, epoch, key_hash, image_id, rank, rules_version, accepted, ticket_id, created_at_ms,
  resolved_at_ms, agent, priority, num_interactions, issue_category, channel, status, gtid, committed_ms`;

/** Versions 0 … of every ticket: one in four has none but the first, one in four was reopened. */
const versions = (
  tickets: number,
) => `(SELECT 'bench.care.tickets' AS source, 1750000000 AS epoch, t.k, v.v,
    ${START_MS} + (CAST(t.k AS BIGINT) % 43200) * ${MINUTE_MS} AS opened_ms, CAST(t.k % 4 AS BIGINT) AS last
  FROM generate_series(1, ${tickets}) AS t (k) CROSS JOIN generate_series(0, 3) AS v (v) WHERE v.v <= t.k % 4) k`;

/** The tickets' history as the loader leaves it: a snapshot, its end, updates of two images. */
const ticketSql = (tickets: number) => [
  `INSERT INTO careplus.ticket_changes (seq, tx_end, kind, ${columns})
   SELECT k.k, 1, '+', ${ticket}, ${committed('k.v')} FROM ${versions(tickets)} WHERE k.v = 0`,
  `INSERT INTO careplus.ticket_changes (source, epoch, seq, tx_end, kind, key_hash, image_id, rank, rules_version, accepted, committed_ms)
   VALUES ('bench.care.tickets', 1750000000, ${tickets + 1}, 1, 'E', '', '', 0, 0, 0, ${START_MS})`,
  `INSERT INTO careplus.ticket_changes (seq, tx_end, kind, ${columns})
   SELECT ${tickets + 1} + row_number() OVER (ORDER BY w.v, w.k, w.sign), w.sign, CASE WHEN w.sign = 0 THEN '-' ELSE '+' END, ${columns}
   FROM (SELECT k.k, k.v + 1 AS v, 0 AS sign, ${ticket}, ${committed('k.v + 1')} FROM ${versions(tickets)} WHERE k.v < k.last
     UNION ALL SELECT k.k, k.v, 1 AS sign, ${ticket}, ${committed('k.v')} FROM ${versions(tickets)} WHERE k.v > 0) w`,
  `INSERT INTO careplus.ticket_state (copies, is_latest, event_seq, ${columns}, book_day)
   SELECT 1, 1, k.k, ${ticket}, ${committed('k.v')}, '2025-07-01' FROM ${versions(tickets)} WHERE k.v = k.last`,
  `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
   SELECT source, epoch, max(seq), 1, 1, 1, max(committed_ms) FROM careplus.ticket_changes GROUP BY source, epoch`,
];

const logSql = (entries: number, tickets: number) => [
  `INSERT INTO careplus.log_entry (entry_id, copies, host, generation, pos, rules_version, accepted, sort_ms, logged_at_ms,
     log_level, component, ticket_id, session_id, ip, response_time_ms, cpu_percent_hundredths, event_type, is_error,
     user_agent, message, debug, reasons, original, original_encoding, book_day, read_at_ms, kafka_partition, kafka_offset)
   SELECT md5('entry' || n), 1 + CASE WHEN n % 11 = 0 THEN 1 ELSE 0 END, 'app-1', '1-a', n * 320, 1, 1, ${START_MS} + n * 2600, ${START_MS} + n * 2600,
     (ARRAY['DEBUG', 'INFO', 'INFO', 'DEBUG', 'WARNING', 'INFO', 'ERROR'])[1 + n % 7], 'careplus.support.Service' || (n % 6),
     'TCK' || (n * 7919 % ${tickets * 2}), 'sess_' || n, '10.0.' || (n % 250) || '.' || (n % 199), n * 31 % 2000, n * 17 % 10000,
     'event_' || (n % 8), CASE WHEN n % 7 = 6 THEN 1 ELSE 0 END, (ARRAY['curl/7.68.0', 'PostmanRuntime/7.32.2', 'Mobile-Safari/537.36', 'Python-urllib/3.9', 'Mozilla/5.0'])[1 + n % 5],
     ' event for TCK' || n, 'Logged for monitoring', NULL, NULL, NULL, to_char(to_timestamp((${START_MS} + n * 2600) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ${START_MS}, 0, n
   FROM generate_series(CAST(1 AS BIGINT), ${entries}) AS g (n) WHERE n % 20 <> 0`,
  `INSERT INTO careplus.log_entry (entry_id, copies, host, generation, pos, rules_version, accepted, sort_ms, ticket_id,
     reasons, original, original_encoding, book_day, read_at_ms, kafka_partition, kafka_offset)
   SELECT md5('entry' || n), 1, 'app-1', '1-a', n * 320, 1, 0, ${START_MS} + n * 2600, 'TCK' || n, 'response_time_ms:negative', repeat('x', 300), 'utf8', '2025-07-01', ${START_MS}, 0, n
   FROM generate_series(CAST(1 AS BIGINT), ${entries}) AS g (n) WHERE n % 20 = 0`,
  `INSERT INTO ops.log_frontier (host, generation, generation_start, upto, read_at_ms)
   VALUES ('app-1', '1-a', 0, ${entries * 320}, ${START_MS})`,
];

/**
 * Fills a warehouse as the loader would have left it.
 *
 * @returns what was done and the milliseconds it took.
 */
export async function fillWarehouse(
  database: pg.Client,
  { entries, tickets }: { readonly entries: number; readonly tickets: number },
): Promise<(readonly [string, number])[]> {
  const timed = async (what: string, statements: readonly string[]) => {
    const begun = performance.now();
    for (const sql of statements) await database.query(sql);
    return [what, performance.now() - begun] as const;
  };
  const { lifecycle } = supportTickets;
  const periods = lifecycle
    ? recomputePeriods(supportTickets, lifecycle, imageTables(supportTickets))
    : [];
  const sums = supportLogs.summary
    ? recomputeLogSums(supportLogs, supportLogs.summary, logTables(supportLogs).entry)
    : [];
  // This session is older than the endpoint's setting of the database.
  await database.query('SET search_path = redshift_functions, pg_catalog, public');
  return [
    await timed(`tickets filled`, [...ticketSql(tickets), 'ANALYZE']),
    await timed(`log entries filled`, [...logSql(entries, tickets), 'ANALYZE']),
    await timed('log entries summed up anew', sums),
    await timed(
      'all periods told, as at a switch of epochs',
      // As the endpoint does behind every CREATE TABLE AS.
      periods.flatMap((sql) => {
        const made = /^CREATE TEMP TABLE (\w+)/.exec(sql)?.[1];
        return made === undefined ? [sql] : [sql, `ANALYZE ${made}`];
      }),
    ),
    await timed('analyzed', ['VACUUM ANALYZE']),
  ];
}
