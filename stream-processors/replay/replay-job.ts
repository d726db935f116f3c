import type { KafkaMessage } from 'kafkajs';
import { abortableSleep } from '../../runtime/abortable-wait.ts';
import type { NumberRange } from '../../schemas/holes.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';
import type { Numbering } from '../numbering.ts';
import type { ReplaySource } from './replay-source.ts';

export interface ReplayProgress {
  /** Records that were looked at. */
  readonly records: number;
  /** Rows that the sink has taken. */
  readonly rows: number;
  /** Records that could not be read. */
  readonly unreadable: number;
  /** By partition: everything below was handled. */
  readonly next: ReadonlyMap<number, bigint>;
}

export interface ReplayOptions {
  readonly source: ReplaySource;
  /** The one that live records go through: a replay has no rules of its own. */
  readonly processor: Pick<BatchProcessor, 'process'>;
  /** How the records are numbered. */
  readonly numbering: Numbering;
  /** Which numbers are wanted; without it all are. */
  readonly selects?: ((numbers: NumberRange) => boolean) | undefined;
  /** Takes rows and resolves when they are durable. */
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  /** Where an earlier run of the same source got to. */
  readonly from?: ReadonlyMap<number, bigint> | undefined;
  /** At most so many records a second. */
  readonly recordsPerSecond?: number | undefined;
  /** Called after each slice, when its rows are durable. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly signal: AbortSignal;
}

/** Records that are handled before the next look at rate and signal. */
const SLICE = 1_000;

/**
 * Sends a range of records through the processor to a sink. To do it again changes nothing in the
 * warehouse, for rows carry their numbers. Aborting leaves the progress that was told last.
 */
export async function runReplay(options: ReplayOptions): Promise<ReplayProgress> {
  const { source, processor, numbering, selects, sink, signal } = options;
  const rate = options.recordsPerSecond ?? Infinity;
  const next = new Map(options.from);
  let [records, rows, unreadable] = [0, 0, 0];
  const startedAt = performance.now();

  const isWanted = ({ headers }: KafkaMessage) => {
    const numbers = numbering.ofRecord(headers);
    return numbers !== undefined && selects?.(numbers) === true;
  };

  const handle = async (partition: number, messages: readonly KafkaMessage[]) => {
    const wanted = selects ? messages.filter(isWanted) : messages;
    const batch = await processor.process({ partition, messages: wanted }, signal);
    const chosen = selects ? batch.rows.filter((row) => selects(numbering.ofRow(row))) : batch.rows;
    if (chosen.length > 0) await sink(chosen, signal);
    const last = messages.at(-1);
    if (last) next.set(partition, BigInt(last.offset) + 1n);
    records += messages.length;
    rows += chosen.length;
    unreadable += batch.deadLetters.length;
    options.onProgress?.({ records, rows, unreadable, next });
    const aheadMs = (records / rate) * 1_000 - (performance.now() - startedAt);
    if (aheadMs > 0) await abortableSleep(aheadMs, signal);
  };

  await source.read(
    next,
    async ({ partition, messages }) => {
      const slice = Math.min(SLICE, Math.max(1, Math.ceil(rate)));
      for (let at = 0; at < messages.length; at += slice) {
        signal.throwIfAborted();
        await handle(partition, messages.slice(at, at + slice));
      }
    },
    signal,
  );
  return { records, rows, unreadable, next };
}
