import type { KafkaMessage } from 'kafkajs';
import type { DeadLetter } from '../runtime/kafka/dead-letter-writer.ts';

/** One row of the lake, by column name. Absent columns are NULL. */
export type LakeRow = Readonly<Record<string, string | number | null>>;

/** Records of one partition, in offset order. */
interface RecordBatch {
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
}

/** What a batch of records becomes: rows for the lake, and what could not be read. */
interface ProcessedBatch {
  readonly rows: readonly LakeRow[];
  readonly deadLetters: readonly DeadLetter[];
}

export interface BatchProcessor {
  /**
   * A record that cannot be read becomes a dead letter and markers that keep its place; it never
   * stops the others.
   *
   * @throws {PipelineError} retryable, when the schemas topic does not answer.
   */
  process(batch: RecordBatch, signal: AbortSignal): Promise<ProcessedBatch>;
  /**
   * What keeps a row's place where the lake refuses the row itself, until a repaired copy comes;
   * undefined for rows that nothing can stand in for.
   */
  placeholder(row: LakeRow): LakeRow | undefined;
}
