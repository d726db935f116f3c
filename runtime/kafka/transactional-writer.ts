import type { Kafka } from 'kafkajs';
import { abortableSleep, waitOrAbort } from '../abortable-wait.ts';
import type { Logger } from '../observability/log.ts';
import { errorText, PipelineError } from '../pipeline-error.ts';
import type { TopicRecords } from './partition-batches.ts';
import { isFenced, protocolErrorType } from './protocol-errors.ts';
import { openTransactionSession, type TransactionSession } from './transaction-session.ts';

export type { OutgoingMessage, TopicRecords } from './partition-batches.ts';

/**
 * Writes records and the checkpoint that covers them in one Kafka transaction.
 *
 * The order at start, and after every failure: `open` (nobody older can write any more), then
 * read the last checkpoint, then go on from there. So the unknown outcome of a commit whose
 * answer was lost is resolved by what the checkpoint says.
 */
export interface TransactionalWriter {
  /**
   * Makes this the only writer with its transactional id: older ones are fenced and an open
   * transaction of theirs is aborted (InitProducerId). Waits while the broker still finishes
   * an earlier transaction.
   *
   * @throws PipelineError KFK_3002, retryable.
   */
  open(signal: AbortSignal): Promise<void>;

  /**
   * Writes all records in one transaction and resolves when it is committed; readers see it a few
   * milliseconds later, when its markers are written. Waits for a slow broker no longer than the
   * transaction timeout. After a failure or an abort the producer is discarded and every further
   * write throws until `open`.
   *
   * @throws PipelineError KFK_3001 when another writer took over (or the transaction timed out:
   *   the broker gives the same answer), KFK_3002 for anything else (retryable), KFK_3008 for a
   *   record that is too large; then nothing was sent and the writer stays open.
   */
  write(records: readonly TopicRecords[], signal: AbortSignal): Promise<void>;

  /** Frees the connection; a transaction that is under way is left to the broker's timeout. Idempotent. */
  close(): Promise<void>;
}

export interface TransactionalWriterOptions {
  /** Stable name of this writer, one per source and never per process. */
  readonly transactionalId: string;
  readonly log: Logger;
  /**
   * After this time the broker aborts a transaction whose writer went silent. Until then readers
   * of the same partitions wait.
   */
  readonly transactionTimeoutMs?: number;
}

const WAIT_MS = 500;

export function createTransactionalWriter(
  kafka: Kafka,
  options: TransactionalWriterOptions,
): TransactionalWriter {
  const { transactionalId, log, transactionTimeoutMs = 10_000 } = options;
  let session: TransactionSession | undefined;
  let writing = false;

  async function discard(): Promise<void> {
    const discarded = session;
    session = undefined;
    await discarded?.close();
  }

  async function open(signal: AbortSignal): Promise<void> {
    await discard();
    for (;;) {
      const opening = openTransactionSession(kafka, { transactionalId, transactionTimeoutMs });
      try {
        session = await waitOrAbort(opening, signal);
        return;
      } catch (error) {
        // Should it open yet, after an abort, nobody would close it.
        void opening.then((late) => late.close()).catch(() => undefined);
        signal.throwIfAborted();
        if (protocolErrorType(error) !== 'CONCURRENT_TRANSACTIONS') {
          throw failure(`could not open the writer ${transactionalId}`, error);
        }
      }
      log.info({ transactionalId }, 'waiting for an earlier transaction to end');
      await abortableSleep(WAIT_MS, signal);
    }
  }

  async function write(records: readonly TopicRecords[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!session) {
      throw failure(`the writer ${transactionalId} is not open: open it and read the checkpoint`);
    }
    if (writing) throw new TypeError('a transactional writer has one transaction at a time');
    writing = true;
    try {
      await waitOrAbort(session.commit(records), signal);
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'KFK_3008') throw error;
      await discard();
      signal.throwIfAborted();
      throw isFenced(error)
        ? fenced(error)
        : failure(`the writer ${transactionalId} could not commit`, error);
    } finally {
      writing = false;
    }
  }

  function fenced(cause: unknown): PipelineError {
    return new PipelineError(
      'KFK_3001',
      `the writer ${transactionalId} was fenced: ${errorText(cause)}`,
      { cause, context: { transactionalId } },
    );
  }

  function failure(what: string, cause?: unknown): PipelineError {
    return new PipelineError(
      'KFK_3002',
      cause === undefined ? what : `${what}: ${errorText(cause)}`,
      {
        cause,
        retryable: true,
        context: { transactionalId },
      },
    );
  }

  return { open, write, close: discard };
}
