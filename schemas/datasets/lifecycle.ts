/** The statuses of a table's rows over time, for tables that have them: names are clean columns. */
export interface Lifecycle {
  readonly status: string;
  /** Time at which a row's first status began. */
  readonly begun: string;
  /** Time at which it left its first status, NULL before. */
  readonly ended: string;
  readonly firstStatus: string;
  /** What stands beside a period, as it is now. */
  readonly carried: readonly string[];
}
