import type { Output } from '../cli/output.ts';
import type { BackgroundMessage } from './background.ts';

/** Where a run of the local stack tells what happens. */
export interface RunOutput extends Pick<Output, 'note' | 'text' | 'document'> {
  /** What was asked for is done; the stack may stay up. */
  done(code: number): void;
}

/**
 * A run in the foreground tells the person; one in the background tells the process that the
 * person started, and its log once that process has left.
 */
export function createRunOutput(output: Output): RunOutput {
  if (process.send === undefined) return { ...output, done: () => undefined };
  const tell = (message: BackgroundMessage, otherwise: () => void) => {
    if (process.connected) process.send?.(message);
    else otherwise();
  };
  return {
    note: (line) => tell({ type: 'note', line }, () => output.note(line)),
    text: (line) => tell({ type: 'text', line }, () => output.note(line)),
    document: (value) => tell({ type: 'document', value: { ...value } }, () => undefined),
    done: (code) => tell({ type: 'done', code }, () => undefined),
  };
}
