import { entriesQuery, entryOf, type ListedEntry } from '../figures/entry-rows.ts';
import { countOf, textOf } from '../figures/row-values.ts';
import { ticketOf, type ListedTicket } from '../figures/ticket-rows.ts';
import type { QueryParameters, WarehouseRow } from '../figures/warehouse.ts';
import { createDocumentFeed } from '../feeds/document-feed.ts';
import type { Freshness, Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import type { FeedParts, LiveDocument, LiveFeed } from '../feeds/snapshot-feed.ts';
import { explainReasons, type ReasonMeaning } from './reason-meaning.ts';

/** Changes and log entries that are listed; a ticket with more says so. */
const LISTED_CHANGES = 500;
const LISTED_ENTRIES = 500;
/** As wide as the warehouse's column. */
const LONGEST_ID = 256;

/** One image of the ticket: a row that was written or removed at the source. */
interface TicketChange {
  readonly event_id: string | null;
  readonly change: string | null;
  /** `YYYY-MM-DD HH:MM:SS`, UTC: the commit at the source. */
  readonly committed_at: string | null;
  readonly gtid: string | null;
  readonly verdict: string | null;
  readonly reasons: readonly ReasonMeaning[];
  readonly rules_version: number;
  readonly raw_pointer: string | null;
  /** The row's values as the rules read them. */
  readonly row: ListedTicket;
}

/** A status that the ticket had, and how long. */
interface TicketPeriod {
  readonly status: string | null;
  readonly entered_at: string | null;
  /** Null while it lasts. */
  readonly left_at: string | null;
  readonly seconds: number | null;
}

interface TicketLife {
  /** As the warehouse shows it now; null when it is not shown. */
  readonly ticket: ListedTicket | null;
  /** The newest first. */
  readonly changes: readonly TicketChange[];
  /** The first one first. */
  readonly periods: readonly TicketPeriod[];
  /** Rows of it that are set aside now. */
  readonly set_aside: number;
  /** The newest first. */
  readonly entries: readonly ListedEntry[];
  /** True when there are more changes or entries than are listed. */
  readonly cut: boolean;
  readonly frontiers: readonly Frontier[];
}

interface TicketDocument extends LiveDocument, Omit<TicketLife, 'frontiers'> {
  readonly dataset: 'tickets';
  readonly ticket_id: string;
}

/** @returns undefined when the address names no ticket. */
export function parseTicketId(query: URLSearchParams): string | undefined {
  const id = query.get('id') ?? '';
  return id === '' || id.length > LONGEST_ID || id.includes('\0') ? undefined : id;
}

const columns =
  `ticket_id, CAST(created_at AS VARCHAR(19)) AS created_at, ` +
  `CAST(resolved_at AS VARCHAR(19)) AS resolved_at, agent, priority, num_interactions, ` +
  `issue_category, channel, status`;
/** The ticket's key, as the warehouse makes it: texts compare differently in Redshift. */
const ofTicket = `ticket_key = LEFT(SHA2('=' || CAST(:ticket AS VARCHAR(256)), 256), 32)`;
/** Where the key is worked out row by row: of the few rows that bear the number only. */
const namesTicket = `ticket_id = CAST(:ticket AS VARCHAR(256)) AND ${ofTicket}`;

/** Everything that the warehouse knows of one ticket; the views are those that BI tools see. */
export function traceQueries(id: string): {
  readonly queries: readonly string[];
  readonly parameters: QueryParameters;
} {
  return {
    parameters: { ticket: id },
    queries: [
      `SELECT ${columns} FROM reporting.tickets WHERE ${namesTicket}`,
      `SELECT event_id, change, CAST(committed_at AS VARCHAR(19)) AS committed_at, gtid, verdict, ` +
        `reasons, rules_version, raw_pointer, ${columns} FROM reporting.ticket_history ` +
        `WHERE ${ofTicket} ORDER BY epoch DESC, seq DESC, source LIMIT ${LISTED_CHANGES + 1}`,
      `SELECT status, CAST(entered_at AS VARCHAR(19)) AS entered_at, ` +
        `CAST(left_at AS VARCHAR(19)) AS left_at, CAST(period_seconds AS BIGINT) AS seconds ` +
        `FROM reporting.ticket_periods WHERE ${ofTicket} ORDER BY period_number LIMIT ${LISTED_CHANGES}`,
      `SELECT CAST(COUNT(*) AS BIGINT) AS set_aside FROM reporting.quarantine ` +
        `WHERE dataset = 'tickets' AND ticket_id = CAST(:ticket AS VARCHAR(256))`,
      entriesQuery(` WHERE ${namesTicket}`, { order: 'newest', limit: LISTED_ENTRIES + 1 }),
      frontierQuery('tickets'),
    ],
  };
}

/**
 * Reads the rows that {@link traceQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a value is not what was asked for.
 */
export function assembleTrace(results: readonly (readonly WarehouseRow[])[]): TicketLife {
  const [tickets = [], changes = [], periods = [], aside = [], entries = [], frontiers = []] =
    results;
  const [ticket] = tickets;
  return {
    ticket: ticket ? ticketOf(ticket) : null,
    changes: changes.slice(0, LISTED_CHANGES).map(changeOf),
    periods: periods.map((row) => ({
      status: textOf(row, 'status'),
      entered_at: textOf(row, 'entered_at'),
      left_at: textOf(row, 'left_at'),
      seconds: countOf(row, 'seconds'),
    })),
    set_aside: aside[0] ? (countOf(aside[0], 'set_aside') ?? 0) : 0,
    entries: entries.slice(0, LISTED_ENTRIES).map(entryOf),
    cut: changes.length > LISTED_CHANGES || entries.length > LISTED_ENTRIES,
    frontiers: frontiers.map(frontierOf),
  };
}

function changeOf(row: WarehouseRow): TicketChange {
  return {
    event_id: textOf(row, 'event_id'),
    change: textOf(row, 'change'),
    committed_at: textOf(row, 'committed_at'),
    gtid: textOf(row, 'gtid'),
    verdict: textOf(row, 'verdict'),
    reasons: explainReasons(textOf(row, 'reasons') ?? ''),
    rules_version: countOf(row, 'rules_version') ?? 0,
    raw_pointer: textOf(row, 'raw_pointer'),
    row: ticketOf(row),
  };
}

/** One ticket's life, followed as the figures are. */
export function createTraceFeed(
  parts: FeedParts & { readonly id: string; readonly freshness: Freshness },
): LiveFeed<TicketDocument> {
  const { id } = parts;
  return createDocumentFeed(parts, {
    ...traceQueries(id),
    assemble: assembleTrace,
    tell: (figures) => ({
      dataset: 'tickets',
      ticket_id: id,
      ticket: figures?.ticket ?? null,
      changes: figures?.changes ?? [],
      periods: figures?.periods ?? [],
      set_aside: figures?.set_aside ?? 0,
      entries: figures?.entries ?? [],
      cut: figures?.cut ?? false,
    }),
  });
}
