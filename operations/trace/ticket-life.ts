/** What `careplus trace` tells; the names are those of its JSON. Times are ISO, UTC; ages milliseconds. */

/**
 * What became of a ticket: `shown` on the dashboard, `quarantined`, `deleted` at the source, or
 * `waiting` behind a missing number or the end of a transaction or snapshot; `unknown` when only log
 * entries name it.
 */
export type TicketState = 'shown' | 'quarantined' | 'deleted' | 'waiting' | 'unknown';

/** A row that the source holds now, as the warehouse has it. */
export interface CurrentRow {
  readonly event_id: string;
  readonly condition: 'shown' | 'superseded' | 'quarantined' | 'unreadable';
  readonly copies: number;
  readonly rules_version: number;
  readonly reasons: string | null;
  readonly values: Readonly<Record<string, string | number | null>>;
}

/** Something happened to the change at a time, so long after its commit. */
export interface Hop {
  readonly at: string;
  readonly age_ms: number;
}

/** One image of the ticket's row: it appeared or went. */
export interface TracedImage {
  readonly event_id: string;
  readonly change: 'appeared' | 'went' | 'unreadable';
  readonly source: {
    readonly committed_at: string;
    readonly gtid: string | null;
    /** Null in a snapshot, and when the record is in neither the topic nor the archive. */
    readonly binlog: {
      readonly file: string;
      readonly position: number;
      readonly row: number | null;
    } | null;
    readonly in_snapshot: boolean;
  };
  readonly read: Hop | null;
  readonly record: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: string;
    /** Where its bytes were found. */
    readonly found_in: 'topic' | 'archive' | null;
    readonly produced: Hop | null;
  } | null;
  readonly verdict: {
    readonly outcome: 'accepted' | 'quarantined' | 'unreadable' | 'erased';
    readonly rules_version: number;
    readonly reasons: string | null;
    readonly status: string | null;
  };
  /** Objects of the lake that hold it; several after a repeated delivery or a replay. */
  readonly objects: readonly {
    readonly key: string;
    readonly batch_id: string;
    readonly loaded: Hop | null;
  }[];
  /** Whether it counts in the warehouse or still waits. */
  readonly applied: boolean;
}

export interface TracedEntry {
  readonly dataset: string;
  readonly event_id: string;
  readonly entry_id: string;
  readonly logged_at: string | null;
  readonly log_level: string | null;
  readonly message: string | null;
  readonly path: string | null;
  readonly copies: number;
  readonly verdict: 'accepted' | 'quarantined';
  readonly rules_version: number;
  readonly reasons: string | null;
  readonly record: string | null;
  readonly read_at: string | null;
}

export interface TicketLife {
  readonly ticket_id: string;
  readonly state: TicketState;
  readonly rows: readonly CurrentRow[];
  /** Oldest first; the newest ones when there are too many. */
  readonly images: readonly TracedImage[];
  readonly images_total: number;
  readonly log_entries: readonly TracedEntry[];
  readonly log_entries_total: number;
}

export function hopOf(ms: number | null, sinceMs: number): Hop | null {
  return ms === null ? null : { at: isoOf(ms), age_ms: ms - sinceMs };
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
