import type { ConsumedBatch } from '../../runtime/kafka/consumer-loop.ts';
import type { DeadLetter } from '../../runtime/kafka/dead-letter-writer.ts';
import type { LakeRow } from '../batch-processor.ts';

/** The records of a batch from which rows came that Firehose refuses for ever, as dead letters. */
export function refusedRecords(
  { topic, partition, messages }: ConsumedBatch,
  rows: readonly LakeRow[],
): DeadLetter[] {
  const offsets = new Set(rows.map((row) => String(row['kafka_offset'])));
  return messages
    .filter(({ offset }) => offsets.has(offset))
    .map((message) => ({
      topic,
      partition,
      message,
      stage: 'TASK_PUT',
      code: 'LAKE_4005',
      error: new Error('Firehose refuses what the record became'),
    }));
}
