import { errorCodes, type ErrorCodeName } from '../schemas/error-codes.ts';

export interface PipelineErrorOptions {
  readonly cause?: unknown;
  /** Whether the same attempt may succeed later. Decided where the error is born. */
  readonly retryable?: boolean;
  /** Where it happened: table, position, topic, offset, object key. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Every error of the pipeline that a person may meet: a stable code, its cause and its context. */
export class PipelineError extends Error {
  readonly code: ErrorCodeName;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCodeName, message: string, options: PipelineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.context = options.context ?? {};
  }

  /** What to do about it. */
  get remedy(): string {
    return errorCodes[this.code].remedy;
  }
}

/** @returns the error with that code in a chain of causes, or undefined. */
export function findPipelineError(error: unknown): PipelineError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof PipelineError) return current;
  }
  return undefined;
}

/** @returns a readable text for anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
