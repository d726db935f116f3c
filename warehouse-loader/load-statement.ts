/** One statement of a batch, with the name of its step for messages and tests. */
export interface LoadStatement {
  readonly step: string;
  readonly sql: string;
}

/** Temporary table of the copied rows; it is made before the statements that use it. */
export const COPIED = 'copied';

/** Temporary table of the batch's objects, as the ledger has them. */
export const LISTED = 'listed';

/** Name of the step whose rows tell how far the warehouse is. */
export const REPORT_STEP = 'report';
