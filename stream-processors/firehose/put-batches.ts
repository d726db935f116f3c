/** Limits of one PutRecordBatch call (API reference, "PutRecordBatch"): 500 records, 4 MiB, 1,000 KiB a record. */
const MAX_RECORDS = 500;
/** Three MiB of data are four in base64, so the call fits whichever of the two is counted. */
const MAX_BATCH_BYTES = 3 * 1024 * 1024;
export const MAX_RECORD_BYTES = 1000 * 1024;

/**
 * Cuts records into calls that Firehose takes, by count and by bytes.
 *
 * @returns the indices of each call's records; of a record over {@link MAX_RECORD_BYTES} in none.
 */
export function* putBatches(records: readonly Buffer[]): Generator<readonly number[]> {
  let batch: number[] = [];
  let bytes = 0;
  for (const [index, { length }] of records.entries()) {
    if (length > MAX_RECORD_BYTES) continue;
    if (batch.length === MAX_RECORDS || bytes + length > MAX_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(index);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}
