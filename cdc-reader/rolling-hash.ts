import { crc32 } from 'node:zlib';
import type { ChangeOp, RowValues } from '../schemas/row-change.ts';

/** The part of a change that must come out the same when the binlog is read again. */
export interface HashedChange {
  readonly op: ChangeOp;
  readonly before: RowValues | null;
  readonly after: RowValues | null;
}

/** Hash of a transaction of which nothing has been written. */
export const EMPTY_HASH = '00000000';

/**
 * Hash over the changes of a transaction so far, extended by one. It does not depend on where the
 * transaction was divided; 32 bits find a rewritten binlog, they need not withstand forgery.
 */
export function extendHash(hash: string, { op, before, after }: HashedChange): string {
  const text = JSON.stringify([op, before, after]);
  return crc32(text, Number.parseInt(hash, 16)).toString(16).padStart(8, '0');
}
