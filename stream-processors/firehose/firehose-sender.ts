import { PutRecordBatchCommand, type FirehoseClient } from '@aws-sdk/client-firehose';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../runtime/observability/log.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';

/** Limits of one PutRecordBatch call (API reference, "PutRecordBatch"): 500 records, 4 MiB, 1,000 KiB a record. */
const MAX_RECORDS = 500;
/** Three MiB of data are four in base64, so the call fits whichever of the two is counted. */
const MAX_BATCH_BYTES = 3 * 1024 * 1024;
const MAX_RECORD_BYTES = 1000 * 1024;

/** Waiting cannot cure these: the stream or the permission is missing. */
const FATAL = new Set([
  'ResourceNotFoundException',
  'InvalidArgumentException',
  'InvalidKMSResourceException',
  'InvalidSourceException',
  'AccessDeniedException',
  'ValidationException',
  'ExpiredTokenException',
  'UnrecognizedClientException',
]);

export interface FirehoseSender {
  /**
   * Delivers every record at least once; resolves when Firehose has answered for each. Throttling
   * and lost replies are retried until the signal aborts, so memory is bounded by the caller's batch.
   *
   * @throws {PipelineError} LAKE_4002 when the stream or a permission is missing.
   */
  send(records: readonly Buffer[], signal: AbortSignal): Promise<void>;
}

export interface FirehoseSenderOptions {
  /** Built with `maxAttempts: 1`: the SDK's own retry would resend a whole batch. */
  readonly client: FirehoseClient;
  readonly stream: string;
  readonly log: Logger;
  /** Called on each attempt, so that waiting for a dead sink counts as alive. */
  readonly onAttempt?: () => void;
  readonly onRecordFailures?: (count: number) => void;
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

export function createFirehoseSender(options: FirehoseSenderOptions): FirehoseSender {
  const { client, stream, log } = options;
  const base = options.baseDelayMs ?? 100;
  const cap = options.maxDelayMs ?? 20_000;

  /** One attempt; gives back the records that Firehose did not take. */
  const attempt = async (records: readonly Buffer[], signal: AbortSignal) => {
    options.onAttempt?.();
    const reply = await client.send(
      new PutRecordBatchCommand({
        DeliveryStreamName: stream,
        Records: records.map((Data) => ({ Data })),
      }),
      { abortSignal: signal },
    );
    const results = reply.RequestResponses ?? [];
    if (results.length !== records.length) return records;
    return records.filter((_, index) => results[index]?.RecordId === undefined);
  };

  const sendBatch = async (batch: readonly Buffer[], signal: AbortSignal) => {
    let left = batch;
    for (let failures = 0; left.length > 0;) {
      signal.throwIfAborted();
      try {
        const refused = await attempt(left, signal);
        if (refused.length > 0) options.onRecordFailures?.(refused.length);
        failures = refused.length < left.length ? 0 : failures + 1;
        left = refused;
      } catch (cause) {
        signal.throwIfAborted();
        // The outcome is unknown: sent again, and a duplicate is harmless, for rows carry numbers.
        failures += 1;
        failOrWarn(cause, failures);
      }
      if (left.length > 0) {
        const ceiling = Math.min(cap, base * 2 ** failures);
        await delay(Math.random() * ceiling, undefined, { signal });
      }
    }
  };

  const failOrWarn = (cause: unknown, failures: number) => {
    const name = cause instanceof Error ? cause.name : '';
    if (FATAL.has(name)) {
      throw new PipelineError('LAKE_4002', `${stream}: ${name}: ${errorText(cause)}`, { cause });
    }
    if (failures % 10 === 1) {
      log.warn(
        { code: 'LAKE_4001', stream, failures, error: `${name}: ${errorText(cause)}` },
        'Firehose did not answer; trying again',
      );
    }
  };

  return {
    async send(records, signal) {
      for (const batch of batches(records)) await sendBatch(batch, signal);
    },
  };
}

/** Cuts records into calls that Firehose takes. */
export function* batches(records: readonly Buffer[]): Generator<readonly Buffer[]> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    if (record.length > MAX_RECORD_BYTES) {
      throw new RangeError(
        `a record of ${record.length} bytes is over Firehose's ${MAX_RECORD_BYTES}`,
      );
    }
    if (batch.length === MAX_RECORDS || bytes + record.length > MAX_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += record.length;
  }
  if (batch.length > 0) yield batch;
}
