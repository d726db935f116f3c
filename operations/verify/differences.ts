import type { CleanValue } from '../../schemas/datasets/dataset.ts';

/** What can be wrong with the warehouse, by name. */
export type DifferenceKind =
  /** The source holds more copies of a row than the warehouse. */
  | 'missing-row'
  /** The warehouse holds more copies of a row than the source. */
  | 'surplus-row'
  /** More deletes of a row have arrived than inserts. */
  | 'negative-copies'
  /** The state holds a row twice. */
  | 'state-row-twice'
  /** The row belongs to another key in the warehouse. */
  | 'wrong-key'
  /** The row was judged by another version of the rules: `careplus replay` judges it again. */
  | 'rules-version'
  /** The row should be shown as a ticket and is not. */
  | 'not-shown'
  /** The row is shown, and should be superseded, in quarantine, or not be there. */
  | 'shown-wrongly'
  | 'shown-twice'
  /** A shown value is not what the rules make of the source's. */
  | 'changed-cell'
  /** A column that no view shows, or of a row that no view shows, is not what it was made of. */
  | 'changed-column'
  | 'not-in-quarantine'
  | 'quarantined-wrongly'
  | 'quarantined-twice'
  | 'changed-reasons'
  /** A view tells another number of copies than the state. */
  | 'changed-copies'
  /** The history does not add up to the state. */
  | 'history-drift'
  /** A row of the history whose columns are never written together. */
  | 'odd-row'
  /** A row tells another transaction, or time of it, than its neighbour of the same transaction. */
  | 'broken-transaction'
  /** A source is shown of which no reader has ever written. */
  | 'unknown-source'
  /** A period of a status is not what the history tells. */
  | 'changed-period'
  | 'missing-number'
  | 'number-twice'
  /** The frontier stands in the middle of a source transaction. */
  | 'half-transaction'
  /** Bytes of a log file that no range covers. */
  | 'missing-range'
  /** Bytes of a log file that two ranges cover. */
  | 'range-twice'
  /** A range that is not an entry of the file. */
  | 'wrong-range'
  /** A range that the warehouse knows under another entry than the file holds there. */
  | 'wrong-entry-id'
  /** An entry says that it was read where it was not. */
  | 'wrong-place'
  /** A sum of log entries is not theirs. */
  | 'wrong-sum'
  /** The books count the entry on another day. */
  | 'wrong-day'
  /** A source has not exactly one frontier that is shown. */
  | 'wrong-frontier'
  /** The warehouse did not reach the source's position in time. */
  | 'behind';

export type DifferenceValue = string | number | null | Readonly<Record<string, CleanValue>>;

export interface Difference {
  readonly kind: DifferenceKind;
  /** The ticket or other key as the source writes it; else what identifies the place. */
  readonly key: string | null;
  readonly expected: DifferenceValue;
  readonly found: DifferenceValue;
  /** The table or view in which it is. */
  readonly table?: string;
  /** The event or place that the row tells as its origin. */
  readonly event?: string;
}

/** Keeps the first differences and the count of all. */
export interface DifferenceList {
  add(difference: Difference): void;
  readonly first: readonly Difference[];
  readonly total: number;
}

export function createDifferenceList(limit = 100): DifferenceList {
  const first: Difference[] = [];
  let total = 0;
  return {
    add: (difference) => {
      total += 1;
      if (first.length < limit) first.push(difference);
    },
    first,
    get total() {
      return total;
    },
  };
}
