import {
  PutRecordBatchCommand,
  type FirehoseClient,
  type PutRecordBatchResponseEntry,
} from '@aws-sdk/client-firehose';
import { abortableSleep } from '../../runtime/abortable-wait.ts';
import type { Trouble } from '../../runtime/daemon/progress.ts';
import type { Logger } from '../../runtime/observability/log.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { ErrorCodeName } from '../../schemas/error-codes.ts';
import { callFailure, type CallFailure } from './call-failure.ts';

/** How one call ended: which of its records were refused, by position, or why there is no answer. */
type CallResult = { readonly kind: 'answered'; readonly refused: readonly number[] } | CallFailure;

export interface FirehoseCallsOptions {
  /** Built with `maxAttempts: 1`: the SDK's own retry would resend a whole batch. */
  readonly client: FirehoseClient;
  readonly stream: string;
  readonly log: Logger;
  /** Called on each attempt, so that waiting for a dead sink counts as alive. */
  readonly onAttempt?: () => void;
  readonly onRecordFailures?: (count: number) => void;
  readonly onCallFailure?: (code: string) => void;
  /** Told what keeps records from being taken, and undefined when they are taken again. */
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
  /** Calls under way at a time, over all batches of the stream. */
  readonly maxInFlight?: number;
  /** Single calls that fail belong to normal work; a stream that takes nothing for so long does not. */
  readonly outageMs?: number;
  /** A client that is refused for so long ends the process, for a new one reads its credentials anew. */
  readonly credentialsHoldMs?: number;
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** PutRecordBatch calls to one stream: bounded in number, sorted by outcome, and told of. */
export interface FirehoseCalls {
  /** @throws {PipelineError} LAKE_4006 when the credentials have been refused for too long. */
  put(records: readonly Buffer[], signal: AbortSignal): Promise<CallResult>;
  /**
   * Waits before the next attempt, with full jitter
   * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  pause(failures: number, signal: AbortSignal, maxDelayMs?: number): Promise<void>;
}

/** What stands is told again after so long. */
const REPEAT_MS = 60_000;

export function createFirehoseCalls(options: FirehoseCallsOptions): FirehoseCalls {
  const { client, stream, log, onTrouble } = options;
  const base = options.baseDelayMs ?? 100;
  const cap = options.maxDelayMs ?? 5_000;
  const outageMs = options.outageMs ?? 10_000;
  const holdMs = options.credentialsHoldMs ?? 60_000;
  const limited = limitInFlight(options.maxInFlight ?? 4);
  /** Since when nothing was taken, and what was told about it. */
  let failingSince: number | undefined;
  let told: { readonly code: string; readonly at: number } | undefined;

  const taken = () => {
    failingSince = undefined;
    if (told === undefined) return;
    log.info({ stream }, 'Firehose takes records again');
    told = undefined;
    onTrouble?.(undefined);
  };

  /** @param waitMs how long nothing may be taken before it is told. */
  const nothingTaken = (code: ErrorCodeName, message: string, waitMs: number) => {
    const now = performance.now();
    failingSince ??= now;
    if (now - failingSince < waitMs) {
      log.debug({ code, stream }, message);
    } else if (told?.code !== code || now - told.at > REPEAT_MS) {
      told = { code, at: now };
      log.error({ code, stream }, `${message}; the records are kept and sent again`);
      onTrouble?.({ code, message });
    }
    return now - failingSince;
  };

  const failed = (cause: unknown): CallFailure => {
    const failure = callFailure(cause);
    const { kind, code } = failure;
    options.onCallFailure?.(code);
    const message = `${stream}: ${cause instanceof Error ? cause.name : ''}: ${errorText(cause)}`;
    const lastedMs = nothingTaken(code, message, kind === 'unanswered' ? outageMs : 0);
    if (kind === 'held' && failure.credentials && lastedMs > holdMs) {
      throw new PipelineError(code, message, { cause, context: { stream } });
    }
    return failure;
  };

  return {
    put: (records, signal) =>
      limited(async () => {
        signal.throwIfAborted();
        options.onAttempt?.();
        const Records = records.map((Data) => ({ Data }));
        try {
          const command = new PutRecordBatchCommand({ DeliveryStreamName: stream, Records });
          const reply = await client.send(command, { abortSignal: signal });
          const results = reply.RequestResponses ?? [];
          if (results.length !== records.length) {
            return failed(new Error(`${results.length} answers for ${records.length} records`));
          }
          const refused: number[] = [];
          for (const [index, { RecordId }] of results.entries()) {
            if (RecordId === undefined) refused.push(index);
          }
          if (refused.length > 0) options.onRecordFailures?.(refused.length);
          if (refused.length < records.length) taken();
          else nothingTaken('LAKE_4001', `${stream}: ${refusalText(results)}`, outageMs);
          return { kind: 'answered', refused };
        } catch (cause) {
          signal.throwIfAborted();
          return failed(cause);
        }
      }),
    async pause(failures, signal, maxDelayMs = cap) {
      const ceiling = Math.min(cap, maxDelayMs, base * 2 ** failures);
      await abortableSleep(Math.random() * ceiling, signal);
    },
  };
}

function refusalText([first]: readonly PutRecordBatchResponseEntry[]): string {
  return `every record is refused: ${first?.ErrorCode ?? ''}: ${first?.ErrorMessage ?? ''}`;
}

/** Lets at most `max` pieces of work run at a time; the others wait in order. */
function limitInFlight(max: number) {
  let free = max;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
