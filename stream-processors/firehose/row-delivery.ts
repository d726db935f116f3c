import type { Logger } from '../../runtime/observability/log.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';
import type { FirehoseSender } from './firehose-sender.ts';

/** Hands lake rows to Firehose. */
export interface RowDelivery {
  /**
   * Resolves when Firehose has answered for every row, or for what keeps its place.
   *
   * @returns the rows that Firehose refuses for ever: placeholders stand in the lake for them.
   * @throws {PipelineError} as {@link FirehoseSender.send}.
   */
  deliver(rows: readonly LakeRow[], signal: AbortSignal): Promise<readonly LakeRow[]>;
}

export interface RowDeliveryOptions {
  readonly sender: FirehoseSender;
  readonly processor: Pick<BatchProcessor, 'placeholder'>;
  readonly log: Logger;
}

export function createRowDelivery({ sender, processor, log }: RowDeliveryOptions): RowDelivery {
  /** Holds records alone: their rows are garbage before Firehose has answered. */
  const deliverRecords = async (records: readonly Buffer[], signal: AbortSignal) => {
    const rowOf = (index: number) => JSON.parse(String(records[index])) as LakeRow;
    const standIn = (index: number) => {
      const placeholder = processor.placeholder(rowOf(index));
      return placeholder && lakeRecord(placeholder);
    };
    const replaced = (await sender.send(records, { signal, standIn })).map(rowOf);
    for (const { kafka_partition: partition, kafka_offset: offset } of replaced) {
      log.error(
        { code: 'LAKE_4005', partition, offset },
        'Firehose refuses a row for ever: a placeholder keeps its place',
      );
    }
    return replaced;
  };
  return { deliver: (rows, signal) => deliverRecords(rows.map(lakeRecord), signal) };
}

/** A row as Firehose takes it: one JSON document a record, with a line end so that error objects split. */
function lakeRecord(row: LakeRow): Buffer {
  return Buffer.from(`${JSON.stringify(row)}\n`, 'utf8');
}
