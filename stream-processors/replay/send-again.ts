import type { RecordProcessing } from '../record-processing.ts';
import type { LakeRow } from '../batch-processor.ts';
import type { MissingNumbers } from './missing-numbers.ts';
import { runReplay } from './replay-job.ts';
import type { ReplaySource } from './replay-source.ts';

export interface SendAgainOptions {
  readonly processing: Pick<RecordProcessing, 'numbering'> & {
    readonly processor: Pick<RecordProcessing['processor'], 'process'>;
  };
  /** Takes rows and resolves when they are durable. */
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  /** Where to look, in this order. */
  readonly sources: readonly ((signal: AbortSignal) => AsyncIterable<ReplaySource>)[];
  readonly recordsPerSecond?: number | undefined;
}

/**
 * Looks for missing numbers, one source after the other, and sends what is found; what is not stays
 * missing.
 *
 * @returns rows that the sink has taken.
 */
export async function sendAgain(
  missing: MissingNumbers,
  { processing, sink, sources, recordsPerSecond }: SendAgainOptions,
  signal: AbortSignal,
): Promise<number> {
  let sent = 0;
  for (const open of sources) {
    if (missing.size === 0) return sent;
    for await (const source of open(signal)) {
      const { rows } = await runReplay({
        ...{ ...processing, source, signal, recordsPerSecond },
        selects: (numbers) => missing.has(numbers),
        sink: async (some, during) => {
          await sink(some, during);
          for (const row of some) missing.found(processing.numbering.ofRow(row));
        },
      });
      sent += rows;
      if (missing.size === 0) return sent;
    }
  }
  return sent;
}
