import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConsumedBatch } from '../runtime/kafka/consumer-loop.ts';
import type { DeadLetterWriter } from '../runtime/kafka/dead-letter-writer.ts';
import type { BatchProcessor, LakeRow } from './batch-processor.ts';
import { refusedRecords } from './firehose/refused-records.ts';
import type { RowDelivery } from './firehose/row-delivery.ts';

export interface BatchParts {
  readonly processor: BatchProcessor;
  readonly delivery: RowDelivery;
  readonly deadLetters: Pick<DeadLetterWriter, 'write'>;
  readonly signal: AbortSignal;
}

/** What became of a batch. */
export interface HandledBatch {
  /** Rows that Firehose has taken. */
  readonly rows: number;
  /** Rows that it refuses for ever. */
  readonly replaced: number;
  readonly deadLetters: number;
}

/** Records that become rows at a time; while these are sent the next ones are made. */
const SLICE = 500;

/**
 * Makes rows of a batch's records and hands them to Firehose. When it resolves every record is
 * kept somewhere, so the offset may pass: its rows or their placeholders are with Firehose, and
 * what could not be read or was refused for ever is among the dead letters.
 */
export async function handleBatch(batch: ConsumedBatch, parts: BatchParts): Promise<HandledBatch> {
  const { processor, delivery, deadLetters } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([parts.signal, stop.signal]);
  const deliveries: Promise<readonly LakeRow[]>[] = [];
  let [made, letters] = [0, 0];
  try {
    for (let at = 0; at < batch.messages.length; at += SLICE) {
      const messages = batch.messages.slice(at, at + SLICE);
      const { rows, deadLetters: unread } = await processor.process({ ...batch, messages }, signal);
      if (unread.length > 0) await deadLetters.write(unread, signal);
      made += rows.length;
      letters += unread.length;
      const delivered = delivery.deliver(rows, signal);
      // Awaited below, all together.
      delivered.catch(() => undefined);
      deliveries.push(delivered);
      await nextTurn();
    }
    const replaced = (await Promise.all(deliveries)).flat();
    const refused = refusedRecords(batch, replaced);
    if (refused.length > 0) await deadLetters.write(refused, signal);
    return {
      rows: made - replaced.length,
      replaced: replaced.length,
      deadLetters: letters + refused.length,
    };
  } finally {
    stop.abort();
  }
}
