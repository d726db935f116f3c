import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { LogColumn } from '../../schemas/datasets/log-dataset.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';

/** What the warehouse holds in the place of a row. */
export interface HeldVerdict {
  /** Rules version, verdict, reasons and clean values. */
  readonly verdict: WarehouseRow;
  /** The row that is shown or quarantined by this verdict; undefined where it is only history. */
  readonly content: string | undefined;
  /** Whether that row is shown when it is accepted, rather than superseded by another. */
  readonly isShown: boolean;
}

/** `absent`: not yet there; `closed`: of an epoch that a later one has replaced. */
export type Held = HeldVerdict | 'absent' | 'closed';

/** Looks up what a replay would change. */
export interface HeldVerdicts {
  /** Whether a row has a verdict at all. */
  isJudged(row: LakeRow): boolean;
  /** @param rows judged ones. @returns what is held of each, in their order. */
  find(rows: readonly LakeRow[], signal: AbortSignal): Promise<readonly Held[]>;
}

/** Columns of the clean values as lake and warehouse tables have them. */
export function storedColumns(columns: readonly LogColumn[]): string[] {
  return columns.map(({ name, type }) =>
    type === 'timestamp' ? `${name}_ms` : type === 'hundredths' ? `${name}_hundredths` : name,
  );
}
