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
  const inOrder = `ORDER BY ${orders[order]}`;
  // Sorted without their texts: what is shown is made of those that are listed only.
  const listed =
    `SELECT e.entry_id, e.sort_ms FROM reporting.log_entries e${where} ` +
    `${inOrder} LIMIT ${limit}${offset === 0 ? '' : ` OFFSET ${offset}`}`;
  return (
    `SELECT e.entry_id, CAST(e.logged_at AS VARCHAR(19)) AS logged_at, e.log_level, e.ticket_id, ` +
    `e.component, e.event_type, e.response_time_ms, LEFT(e.message, 200) AS message ` +
    `FROM (${listed}) l JOIN reporting.log_entries e ON e.sort_ms = l.sort_ms AND e.entry_id = l.entry_id ` +
    inOrder
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
