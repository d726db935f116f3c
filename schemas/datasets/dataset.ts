import type { Topic } from '../topics.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { RuleExamples, RuleTable } from './rule-table.ts';
import type { RawImage, Verdict } from './verdict.ts';

export type { CleanValue, RawImage, Verdict } from './verdict.ts';

/** A source column that the dataset maps; the mapped columns, in order, are a row's identity. */
export interface MappedColumn {
  /** Name inside the pipeline. */
  readonly field: string;
  /** Name in the source table; compared without case, as MySQL does. */
  readonly column: string;
  /** Former or future names under which the same column may appear. */
  readonly aliases?: readonly string[];
}

/** A column of the clean table. */
export type CleanColumn =
  | { readonly name: string; readonly type: 'text'; readonly maxBytes: number }
  | { readonly name: string; readonly type: 'integer' }
  /** UTC; epoch milliseconds as `<name>_ms` in the lake, TIMESTAMP in the warehouse's views. */
  | { readonly name: string; readonly type: 'timestamp' };

/** All that is particular to one table: adding a table is one such definition and one migration. */
export interface TableDataset {
  /** Such as `support-tickets`: folder in the lake, name in config and on the command line. */
  readonly name: string;
  /** Short name in books and verbs, such as `tickets`. */
  readonly shortName: string;
  /** Singular, snake_case: names the warehouse tables (`careplus.<entity>_state`). */
  readonly entity: string;
  /** Name of the table at the source, by which the local stack finds it in a dump. */
  readonly sourceTable: string;
  readonly topic: Topic;
  /** Firehose delivery stream. */
  readonly stream: string;
  /** Glue table of the lake's rows. */
  readonly glueTable: string;
  /** Raised by hand with every change of the rules; the highest version's verdict wins. */
  readonly rulesVersion: number;
  /** What `judge` goes by, for people: docs/rules.md and `quarantine show`. */
  readonly rules: RuleTable;
  readonly ruleExamples: RuleExamples;
  readonly mapping: readonly MappedColumn[];
  /** The field whose images belong together, such as `ticket_id`. */
  readonly keyField: string;
  readonly cleanColumns: readonly CleanColumn[];
  readonly judge: (raw: RawImage) => Verdict;
  /**
   * Which of several live images of a key counts: the greatest rank, then the greatest image id.
   * A frozen function of the raw content, for it must not move when the rules do.
   */
  readonly rank: (raw: RawImage) => number;
  /** Day of the books (`YYYY-MM-DD`, or `unknown`): frozen, like the rank. */
  readonly bookDay: (raw: RawImage) => string;
  /** What the loader tells of each key's statuses over time; null where there is nothing to tell. */
  readonly lifecycle: Lifecycle | null;
}
