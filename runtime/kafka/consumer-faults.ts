import { findPipelineError, PipelineError } from '../pipeline-error.ts';

const PROGRAMMING_ERRORS: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
]);

/** The loop hangs, as far as it can tell. */
export function stalled(message: string, context: PipelineError['context']): PipelineError {
  return new PipelineError('KFK_3006', message, { retryable: true, context });
}

/** @returns what a loop must end with; undefined for an error after which it may try again. */
export function fatalError(
  error: unknown,
  context: { readonly topic: string; readonly partition: number; readonly offset: string },
): PipelineError | undefined {
  const known = findPipelineError(error);
  if (known) return known.retryable ? undefined : known;
  if (!(error instanceof Error) || !PROGRAMMING_ERRORS.has(error.name)) return undefined;
  const { topic, partition } = context;
  const message = `the handler of ${topic}/${partition} failed: ${error.name}: ${error.message}`;
  return new PipelineError('KFK_3009', message, { cause: error, context });
}
