import { countOf, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** A ticket as pages list it; times are `YYYY-MM-DD HH:MM:SS`, UTC. */
export interface ListedTicket {
  readonly ticket_id: string | null;
  readonly created_at: string | null;
  readonly resolved_at: string | null;
  readonly agent: string | null;
  readonly priority: string | null;
  readonly num_interactions: number | null;
  readonly issue_category: string | null;
  readonly channel: string | null;
  readonly status: string | null;
}

/** Tickets by a condition (` WHERE …` or nothing), in an order, from `offset` on. */
export function ticketsQuery(
  where: string,
  { limit, offset = 0 }: { readonly limit: number; readonly offset?: number },
): string {
  return (
    `SELECT ticket_id, CAST(created_at AS VARCHAR(19)) AS created_at, ` +
    `CAST(resolved_at AS VARCHAR(19)) AS resolved_at, agent, priority, num_interactions, ` +
    `issue_category, channel, status FROM reporting.tickets${where} ` +
    `ORDER BY created_at DESC, ticket_id DESC LIMIT ${limit}${offset === 0 ? '' : ` OFFSET ${offset}`}`
  );
}

/** Reads a row of {@link ticketsQuery}. */
export function ticketOf(row: WarehouseRow): ListedTicket {
  return {
    ticket_id: textOf(row, 'ticket_id'),
    created_at: textOf(row, 'created_at'),
    resolved_at: textOf(row, 'resolved_at'),
    agent: textOf(row, 'agent'),
    priority: textOf(row, 'priority'),
    num_interactions: countOf(row, 'num_interactions'),
    issue_category: textOf(row, 'issue_category'),
    channel: textOf(row, 'channel'),
    status: textOf(row, 'status'),
  };
}
