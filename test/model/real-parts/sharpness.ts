import type { Disturbance } from './disturbances.ts';

/** What brings a planted fault to light; the others need nothing but the batches. */
export const DISTURBED_BY: Readonly<Record<string, Disturbance['do']>> = {
  'the fence': 'rival',
  'the lock': 'twin',
};

/** Seen by a comparison or by a batch's own check: not by a statement that is no SQL, nor by a standstill. */
export const SEEN =
  /^(AssertionError|Error: half a transaction|Error: loader \d+ has written|PipelineError: .*division by zero)/;

export function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
