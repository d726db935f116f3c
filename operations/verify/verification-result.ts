import type { Books } from './books.ts';
import type { Difference } from './differences.ts';

/** What every dataset's result has. */
interface AnyVerification extends Books {
  readonly dataset: string;
  readonly ok: boolean;
  /** The table, or the host of the files. */
  readonly source: string;
  readonly rules_version: number;
  readonly differences_total: number;
}

/** Books and place of one table, as `careplus verify --json` writes them. */
export interface TableVerification extends AnyVerification {
  readonly gtid: string;
  readonly epoch: number | null;
  readonly seq: number;
  readonly frontier: number;
  readonly attempts: number;
}

/** Books and extent of one dataset of log files. */
export interface LogVerification extends AnyVerification {
  /** `arrivals` where the files lie elsewhere: see `arrived-logs.ts`. */
  readonly compared_with: 'files' | 'arrivals';
  readonly files: number;
  readonly bytes: number;
  /** Files that are gone and how many entries were counted from what had arrived of them. */
  readonly gone_files: number;
  readonly gone_entries: number;
  /** Entries that were read in parts, for the file rested in the middle of them. */
  readonly cut_entries: number;
}

export type DatasetVerification = TableVerification | LogVerification;

/** Books of the rows that belong to one day, `unknown` where they name none. */
interface DayBooks extends Books {
  readonly dataset: string;
  readonly day: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly verified_at: string;
  readonly datasets: readonly DatasetVerification[];
  readonly days: readonly DayBooks[];
  /** The first ones of every dataset. */
  readonly differences: readonly ({ readonly dataset: string } & Difference)[];
  readonly differences_total: number;
}
