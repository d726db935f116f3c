import type { LakeRow } from '../batch-processor.ts';

/** A row as Firehose takes it: one JSON document a record, with a line end so that error objects split. */
export function lakeRecord(row: LakeRow): Buffer {
  return Buffer.from(`${JSON.stringify(row)}\n`, 'utf8');
}
