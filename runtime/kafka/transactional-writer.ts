import {
  Partitioners,
  type Kafka,
  type PartitionMetadata,
  type Producer,
  type TopicMessages,
} from 'kafkajs';
import { abortableSleep, settleWithin, waitAtMost, waitOrAbort } from '../abortable-wait.ts';
import type { Logger } from '../observability/log.ts';
import { errorText, PipelineError } from '../pipeline-error.ts';
import { partitionBatches, type TopicRecords } from './partition-batches.ts';
import { isFenced, protocolErrorType } from './protocol-errors.ts';

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
  /** Age at which `write` asks for a new `open`. */
  readonly rebuildAfterMs?: number;
  readonly now?: () => number;
}

/**
 * Number of records after which a producer is renewed. Its sequence numbers wrap around at 2^31
 * per partition, and kafkajs continues there with a number that the broker does not expect.
 */
const MAX_RECORDS = 2 ** 30;

/**
 * A broker that still writes the markers of the last commit is ready in a millisecond or two, hence
 * the quick first retries. Together they last about as long as a transaction may.
 */
const RETRY = { retries: 30, initialRetryTime: 2, multiplier: 1.5, factor: 0.2, maxRetryTime: 500 };

/** What is in flight when a producer is discarded is not waited for. */
const DISCARD_MS = 1_000;
const WAIT_MS = 500;

interface OpenProducer {
  readonly producer: Producer;
  readonly openedAt: number;
  /** Partitions of the topics written so far; their number is fixed for life. */
  readonly partitions: Map<string, PartitionMetadata[]>;
  recordsWritten: number;
}

export function createTransactionalWriter(
  kafka: Kafka,
  options: TransactionalWriterOptions,
): TransactionalWriter {
  const { transactionalId, log, transactionTimeoutMs = 10_000 } = options;
  const rebuildAfterMs = options.rebuildAfterMs ?? 24 * 60 * 60 * 1000;
  const now = options.now ?? Date.now;
  const partitioner = Partitioners.DefaultPartitioner();
  let current: OpenProducer | undefined;
  let writing = false;

  /**
   * A producer that failed once is never used again: kafkajs would give the sequence numbers of the
   * failed batch to other records, and a broker that holds that batch drops them as a repetition,
   * though their transaction commits (a test shows it).
   */
  async function discard(): Promise<void> {
    const discarded = current;
    current = undefined;
    if (discarded) await settleWithin(discarded.producer.disconnect(), DISCARD_MS);
  }

  async function open(signal: AbortSignal): Promise<void> {
    await discard();
    for (;;) {
      const producer = kafka.producer({
        transactionalId,
        transactionTimeout: transactionTimeoutMs,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        // Every message is given its partition, so that batches can be measured before.
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition ?? 0,
        retry: RETRY,
      });
      try {
        await waitOrAbort(fence(producer), signal);
        current = { producer, openedAt: now(), partitions: new Map(), recordsWritten: 0 };
        return;
      } catch (error) {
        await settleWithin(producer.disconnect(), DISCARD_MS);
        signal.throwIfAborted();
        if (protocolErrorType(error) !== 'CONCURRENT_TRANSACTIONS') {
          throw new PipelineError(
            'KFK_3002',
            `could not open the writer ${transactionalId}: ${errorText(error)}`,
            { cause: error, retryable: true, context: { transactionalId } },
          );
        }
        log.info({ transactionalId }, 'waiting for an earlier transaction to end');
        await abortableSleep(WAIT_MS, signal);
      }
    }
  }

  async function write(records: readonly TopicRecords[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const open = current;
    if (!open) throw notOpen('is not open');
    if (writing) throw new TypeError('a transactional writer has one transaction at a time');
    if (now() - open.openedAt > rebuildAfterMs || open.recordsWritten > MAX_RECORDS) {
      await discard();
      throw notOpen('is due for renewal');
    }
    writing = true;
    try {
      await loadPartitions(open, records);
      const sends = partitionBatches(records, (topic, message) =>
        partitioner({ topic, partitionMetadata: open.partitions.get(topic) ?? [], message }),
      );
      const committed = commit(open, sends);
      await waitOrAbort(waitAtMost(committed, transactionTimeoutMs), signal);
      for (const { messages } of records) open.recordsWritten += messages.length;
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'KFK_3008') throw error;
      await discard();
      signal.throwIfAborted();
      throw isFenced(error) ? fenced(error) : failed(error);
    } finally {
      writing = false;
    }
  }

  async function commit(open: OpenProducer, sends: readonly TopicMessages[][]): Promise<void> {
    if (sends.length === 0) return;
    const transaction = await open.producer.transaction();
    for (const topicMessages of sends) {
      await transaction.sendBatch({ acks: -1, topicMessages });
      // Given up meanwhile; what is left of it must not be committed behind the caller's back.
      if (current !== open) throw notOpen('was discarded');
    }
    await transaction.commit();
  }

  async function loadPartitions(
    { partitions }: OpenProducer,
    records: readonly TopicRecords[],
  ): Promise<void> {
    const missing = new Set(records.map(({ topic }) => topic).filter((t) => !partitions.has(t)));
    if (missing.size === 0) return;
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [...missing] });
      for (const topic of topics) partitions.set(topic.name, topic.partitions);
    } finally {
      await settleWithin(admin.disconnect(), DISCARD_MS);
    }
  }

  function notOpen(what: string): PipelineError {
    return new PipelineError(
      'KFK_3002',
      `the writer ${transactionalId} ${what}: open it and read the checkpoint again`,
      { retryable: true, context: { transactionalId } },
    );
  }

  function fenced(cause: unknown): PipelineError {
    return new PipelineError(
      'KFK_3001',
      `the writer ${transactionalId} was fenced: ${errorText(cause)}`,
      { cause, context: { transactionalId } },
    );
  }

  function failed(cause: unknown): PipelineError {
    return new PipelineError(
      'KFK_3002',
      `the writer ${transactionalId} could not commit: ${errorText(cause)}`,
      { cause, retryable: true, context: { transactionalId } },
    );
  }

  return { open, write, close: discard };
}

/** The first transaction of a producer sends InitProducerId; ending an empty one sends nothing. */
async function fence(producer: Producer): Promise<void> {
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.abort();
}
