/** What lake and warehouse need to know of a dataset, wherever it comes from. */
export interface LakeDataset {
  /** Such as `support-logs`: folder in the lake, name on the command line. */
  readonly name: string;
  /** Short name in books and verbs, such as `logs`. */
  readonly shortName: string;
  /** Singular, snake_case: names the warehouse tables (`ops.<entity>_ledger`). */
  readonly entity: string;
  /** Firehose delivery stream. */
  readonly stream: string;
  /** Glue table of the lake's rows. */
  readonly glueTable: string;
}
