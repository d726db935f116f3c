import type { Output } from '../cli/output.ts';
import type { BackgroundMessage } from './background.ts';

/** Where a run of the local stack tells what happens. */
export interface RunOutput extends Output {
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
  const document = (value: object) =>
    tell({ type: 'document', value: { ...value } }, () => undefined);
  return {
    json: output.json,
    line: document,
    document,
    note: (line) => tell({ type: 'note', line }, () => output.note(line)),
    text: (line) => tell({ type: 'text', line }, () => output.note(line)),
    done: (code) => tell({ type: 'done', code }, () => undefined),
  };
}
