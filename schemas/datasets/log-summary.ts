/**
 * What the loader counts of a log format's accepted entries, hour by hour, so that figures need
 * not read every entry. Names are those of warehouse columns.
 */
export interface LogSummary {
  /** By what is counted, each by itself. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** Whole numbers that are summed, beside how many entries have one. */
  readonly sums: readonly [durationMs: string, hundredths: string];
  /** 1 where the entry tells of an error. */
  readonly errorFlag: string;
  /** Ranges of the first sum, lowest first: label and where the next one begins. */
  readonly ranges: readonly (readonly [label: string, belowMs: number | null])[];
  readonly level: { readonly column: string; readonly error: string };
}
