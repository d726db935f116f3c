import type { PipelineError } from '../runtime/pipeline-error.ts';
import type { RowValues } from '../schemas/row-change.ts';
import type { TableShape } from './table-shape.ts';

/** Where an event stands in the source's binlog: evidence for people, never a place to resume. */
export interface BinlogPlace {
  readonly file: string;
  /** Offset of the event's end; null where the server gives none or it is beyond 4 GiB. */
  readonly position: number | null;
}

/** A changed row of the captured table. */
export interface ChangedRow {
  readonly before: RowValues | null;
  readonly after: RowValues | null;
}

/** What the reader needs of the binlog, for one table and for both kinds of server. */
export type BinlogEvent =
  /** A group of events (a transaction or a single statement) begins. */
  | {
      readonly kind: 'group';
      readonly gtid: string;
      /** Commit time, whole seconds as epoch milliseconds. */
      readonly timeMs: number;
      /** Ends with a commit event; otherwise with its one statement, unless that is BEGIN. */
      readonly begun: boolean;
      /** Its rows count only when a later XA COMMIT says so. */
      readonly prepared: boolean;
    }
  | {
      readonly kind: 'rows';
      readonly op: 'c' | 'u' | 'd';
      readonly shape: TableShape;
      readonly rows: readonly ChangedRow[];
      readonly place: BinlogPlace;
    }
  /** Rows of the captured table that cannot be read: row image or row metadata is not FULL. */
  | { readonly kind: 'unreadable-rows'; readonly reason: string }
  /** Rows follow whose columns cannot be read. */
  | { readonly kind: 'unreadable-shape'; readonly error: PipelineError }
  | {
      readonly kind: 'statement';
      readonly text: string;
      readonly database: string;
      readonly place: BinlogPlace;
    }
  | { readonly kind: 'commit' }
  | { readonly kind: 'xa-prepare'; readonly xid: string; readonly onePhase: boolean }
  /** The source has nothing more to send at this moment. */
  | { readonly kind: 'heartbeat' };

/** Identity of an XA transaction, the same from its events and from the text of its statements. */
export function xidKey(gtrid: string, bqual: string, formatId: number | string): string {
  return `${gtrid}:${bqual}:${formatId}`.toLowerCase();
}
