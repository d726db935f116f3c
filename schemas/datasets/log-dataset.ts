import type { Topic } from '../topics.ts';
import type { CleanColumn, Verdict } from './dataset.ts';
import type { LakeDataset } from './lake-dataset.ts';
import type { LogFraming } from './log-framing.ts';
import type { LogSummary } from './log-summary.ts';
import type { LogRuleExamples, LogRuleTable } from './rule-table.ts';

/** A column of the clean log table. */
export type LogColumn =
  | CleanColumn
  /** DECIMAL(5,2): a whole number of hundredths as `<name>_hundredths` in the lake. */
  | { readonly name: string; readonly type: 'hundredths' }
  /** 0 or 1 in the lake. */
  | { readonly name: string; readonly type: 'boolean' };

/** All that is particular to one log format: adding a format is one such definition and one migration. */
export interface LogDataset extends LakeDataset {
  readonly topic: Topic;
  /** How entries stand in the files. */
  readonly framing: LogFraming;
  /** Raised by hand with every change of the rules; the highest version's verdict wins. */
  readonly rulesVersion: number;
  /** What `judge` goes by, for people: docs/rules.md and `quarantine show`. */
  readonly rules: LogRuleTable;
  readonly ruleExamples: LogRuleExamples;
  /** The clean column by which entries are looked up, such as `ticket_id`; also kept of quarantined ones. */
  readonly keyField: string;
  readonly cleanColumns: readonly LogColumn[];
  /**
   * Judges one entry. A pure function of its text and the rules version.
   *
   * @param entry the entry as it stands in the file, terminator and line ends included.
   */
  readonly judge: (entry: string) => Verdict;
  /** What `keyField` seems to be in an entry that is quarantined; null if nothing does. */
  readonly keyOf: (entry: string) => string | null;
  /**
   * Time of the entry in epoch ms, 0 if it has none. Frozen: the warehouse finds an entry by it, so
   * it must not move when the rules do, and must not depend on what `entry_id` leaves out.
   */
  readonly sortMs: (entry: string) => number;
  /** Day of the books (`YYYY-MM-DD`, or `unknown`): frozen, like the time. */
  readonly bookDay: (entry: string) => string;
  /** What the loader sums up by the hour; null where nothing reads it. */
  readonly summary: LogSummary | null;
}
