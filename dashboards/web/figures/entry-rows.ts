import { countOf, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** A log entry as pages list it; the time is `YYYY-MM-DD HH:MM:SS`, UTC. */
export interface ListedEntry {
  readonly entry_id: string | null;
  readonly logged_at: string | null;
  readonly log_level: string | null;
  readonly ticket_id: string | null;
  readonly component: string | null;
  readonly event_type: string | null;
  readonly response_time_ms: number | null;
  readonly message: string | null;
}

/** The newest or the slowest first; entries without a time or without a response time come last. The time is the one that the table is sorted by. */
const orders = {
  newest: 'e.sort_ms DESC, e.entry_id',
  slowest: 'e.response_time_ms DESC NULLS LAST, e.sort_ms DESC, e.entry_id',
} as const;

/**
 * Log entries by a condition (` WHERE …` or nothing), from `offset` on. Messages are cut: an entry
 * may be long, and what is listed is read at a glance.
 */
export function entriesQuery(
  where: string,
  options: {
    readonly order: keyof typeof orders;
    readonly limit: number;
    readonly offset?: number;
  },
): string {
  const { order, limit, offset = 0 } = options;
  return (
    `SELECT entry_id, CAST(logged_at AS VARCHAR(19)) AS logged_at, log_level, ticket_id, component, ` +
    `event_type, response_time_ms, LEFT(message, 200) AS message FROM reporting.log_entries e${where} ` +
    `ORDER BY ${orders[order]} LIMIT ${limit}${offset === 0 ? '' : ` OFFSET ${offset}`}`
  );
}

/** Reads a row of {@link entriesQuery}. */
export function entryOf(row: WarehouseRow): ListedEntry {
  return {
    entry_id: textOf(row, 'entry_id'),
    logged_at: textOf(row, 'logged_at'),
    log_level: textOf(row, 'log_level'),
    ticket_id: textOf(row, 'ticket_id'),
    component: textOf(row, 'component'),
    event_type: textOf(row, 'event_type'),
    response_time_ms: countOf(row, 'response_time_ms'),
    message: textOf(row, 'message'),
  };
}
