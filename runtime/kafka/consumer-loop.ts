import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { settleWithin, waitOrAbort } from '../abortable-wait.ts';
import type { Progress } from '../daemon/progress.ts';
import type { Logger } from '../observability/log.ts';
import { errorText } from '../pipeline-error.ts';
import { startBatchHeartbeat } from './batch-heartbeat.ts';
import { DISCONNECT_MS } from './connection.ts';
import { fatalError, stalled } from './consumer-faults.ts';
import {
  createConsumerPositions,
  recordsLost,
  type ConsumerPositions,
  type LostRecords,
} from './consumer-positions.ts';

export type { LostRecords } from './consumer-positions.ts';

/** Committed records of one partition in order of offset, at least one. */
export interface ConsumedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
}

export interface ConsumerLoopOptions {
  /** A client of its own for each loop: kafkajs shares committed offsets between consumers of one. */
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topic: string;
  /** Stops fetching; the handler that runs is waited for and its offsets are committed. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly progress: Progress;
  /**
   * Makes a batch durable elsewhere. Offsets are committed only after it has resolved, so a batch
   * comes again after any failure. Its signal aborts when this member has lost its partitions, or
   * the loop ends with an error: end soon then, what it does will come again.
   *
   * A programming error (TypeError and its like, as KFK_3009) or a PipelineError that is not
   * retryable ends the loop; after any other error the batch is handled again.
   */
  readonly handle: (
    batch: ConsumedBatch,
    context: { readonly signal: AbortSignal },
  ) => Promise<void>;
  /**
   * Told when retention removed records before they were read, or the log was truncated; the loop
   * then goes on with what is there. Without it the loop ends with KFK_3005 and its position stays.
   */
  readonly onRecordsLost?: (lost: LostRecords) => Promise<void> | void;
  /** Told when kafkajs begins anew after a failure that outlasted its retries. */
  readonly onRestart?: (error: unknown) => void;
  readonly maxBytesPerPartition?: number;
  readonly partitionsConsumedConcurrently?: number;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceGraceMs?: number;
  /**
   * Records wait and none arrives for so long, or a handler gives no sign of life: the loop ends,
   * to be started again.
   */
  readonly stallMs?: number;
  /** Beaten by a handler that waits for something it knows, such as a dead sink; else none is missed. */
  readonly handling?: Pick<Progress, 'beat' | 'ageMs'>;
}

/** After a member was killed its partitions rest for this long; brokers take 6 s or more. */
const SESSION_MS = 7_000;
const MAX_WAIT_MS = 500;

/**
 * Consumes a topic as a member of a group until the signal aborts.
 *
 * @throws PipelineError KFK_3005 (records lost), KFK_3006 (stalled), KFK_3009 (a fault in the
 *   handler's program), the handler's own fatal errors, or whatever made kafkajs give up.
 */
export async function runConsumerLoop(options: ConsumerLoopOptions): Promise<void> {
  const { kafka, groupId, topic, signal, log, progress } = options;
  const sessionTimeout = options.sessionTimeoutMs ?? SESSION_MS;
  const admin = kafka.admin();
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout,
    heartbeatInterval: Math.floor(sessionTimeout / 3),
    rebalanceTimeout: 60_000,
    maxBytesPerPartition: options.maxBytesPerPartition ?? 1024 * 1024,
    maxWaitTimeInMs: MAX_WAIT_MS,
    allowAutoTopicCreation: false,
    retry: {
      retries: 8,
      initialRetryTime: 200,
      // No heartbeat is sent while a retry waits.
      maxRetryTime: 3_000,
      restartOnFailure: async () => !signal.aborted,
    },
  });
  const loop = createLoop(options, consumer, createConsumerPositions(admin, { groupId, topic }));
  try {
    await waitOrAbort(Promise.all([admin.connect(), consumer.connect()]), signal);
    await consumer.subscribe({ topic, fromBeginning: true });
    loop.listen();
    await Promise.race([
      loop.failed,
      waitOrAbort(
        consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: options.partitionsConsumedConcurrently ?? 1,
          eachBatch: loop.eachBatch,
        }),
        signal,
      ),
    ]);
    await waitOrAbort(loop.failed, signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    log.info({ groupId, topic }, 'consumer stops');
  } finally {
    progress.setReady(false);
    // Ends the fetching at once; the handlers that run are waited for, whatever kafkajs does.
    const disconnected = consumer.disconnect();
    disconnected.catch(() => undefined);
    // After an error one of them may hang.
    await (signal.aborted ? loop.end() : settleWithin(loop.end(), DISCONNECT_MS));
    await settleWithin(Promise.all([disconnected, admin.disconnect()]), DISCONNECT_MS);
  }
}

function createLoop(
  options: ConsumerLoopOptions,
  consumer: Consumer,
  positions: ConsumerPositions,
) {
  const { topic, log, progress, handle, stallMs = 180_000 } = options;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const failed = new AbortController();
  const fail = (error: unknown) => {
    failure.reject(error);
    failed.abort(error);
  };
  const handling = new Map<number, Promise<void>>();
  /** Offsets of which the group's coordinator knows. */
  const committed = new Map<number, bigint>();
  let movedAt = performance.now();
  let restarts = 0;
  let joins = 0;
  let takingOver = Promise.resolve();
  let watchTimer: NodeJS.Timeout | undefined;

  /** Ends the loop if the loss is not accepted. */
  async function reportLost(lost: LostRecords): Promise<void> {
    const error = recordsLost(lost);
    log.error({ code: error.code, context: error.context }, error.message);
    if (options.onRecordsLost) {
      await options.onRecordsLost(lost);
      return;
    }
    fail(error);
    throw error;
  }

  /**
   * Runs while fetching is paused: should the first fetch ask for an offset that is gone, kafkajs
   * would overwrite the committed one.
   */
  async function takeOver(partitions: readonly number[], join: number): Promise<void> {
    const losses = await positions.assign(partitions);
    if (join !== joins) return;
    committed.clear();
    for (const partition of partitions) {
      const position = positions.get(partition);
      if (position !== undefined) committed.set(partition, position);
    }
    for (const lost of losses) {
      await reportLost(lost);
      consumer.seek({ topic, partition: lost.partition, offset: lost.to.toString() });
    }
    if (join !== joins) return;
    consumer.resume([{ topic }]);
    progress.setReady(true);
    log.info({ topic, partitions }, 'partitions assigned');
  }

  async function commit(payload: EachBatchPayload, partition: number, next: bigint) {
    await payload.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: next.toString() }] }],
    });
    committed.set(partition, next);
  }

  async function handleBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { partition, messages } = batch;
    const last = messages.at(-1);
    if (!last) return;
    const lost = await positions.lostBefore(partition, BigInt(batch.firstOffset() ?? last.offset));
    if (lost) {
      await reportLost(lost).catch(async (error: unknown) => {
        // kafkajs has set the committed offset to the beginning: put the true one back.
        await commit(payload, partition, lost.from);
        throw error;
      });
    }
    const heart = startBatchHeartbeat({
      heartbeat: () => payload.heartbeat(),
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_MS,
      rebalanceGraceMs: options.rebalanceGraceMs ?? 10_000,
    });
    try {
      options.handling?.beat();
      const during = AbortSignal.any([heart.signal, failed.signal]);
      await handle({ topic, partition, messages }, { signal: during });
      heart.signal.throwIfAborted();
    } catch (error) {
      heart.signal.throwIfAborted();
      const fatal = fatalError(error, { topic, partition, offset: last.offset });
      if (fatal) fail(fatal);
      else
        log.warn({ topic, partition, offset: batch.firstOffset(), err: error }, errorText(error));
      throw error;
    } finally {
      heart.stop();
    }
    // The last offset counts the records that are never shown, such as the commit marker at the
    // end of a transaction: so the lag at rest is 0.
    const next = BigInt(batch.lastOffset()) + 1n;
    await commit(payload, partition, next);
    payload.resolveOffset(last.offset);
    positions.advance(partition, next);
    movedAt = performance.now();
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    if (!payload.isRunning() || payload.isStale()) return;
    const { partition } = payload.batch;
    const work = handleBatch(payload);
    handling.set(partition, work);
    try {
      await work;
    } finally {
      handling.delete(partition);
    }
  }

  /** Positions that moved over records which are never shown are committed when nothing else is to do. */
  async function commitIdle(): Promise<void> {
    for (const [partition, offset] of committed) {
      const position = positions.get(partition);
      if (position === undefined || position <= offset || handling.has(partition)) continue;
      await consumer.commitOffsets([{ topic, partition, offset: position.toString() }]);
      committed.set(partition, position);
    }
  }

  async function watch(): Promise<void> {
    await commitIdle();
    if (handling.size > 0) {
      if ((options.handling?.ageMs ?? 0) > stallMs) {
        fail(stalled(`the handler of ${topic} gave no sign of life for ${stallMs} ms`, { topic }));
      }
      return;
    }
    if (performance.now() - movedAt < stallMs) return;
    const lag = await positions.lag();
    if (lag === 0n) movedAt = performance.now();
    if (performance.now() - movedAt < stallMs) return;
    const context = { topic, lag: Number(lag) };
    fail(stalled(`${topic} brought nothing for ${stallMs} ms with records waiting`, context));
  }

  function listen(): void {
    const { events } = consumer;
    const beat = () => progress.beat();
    consumer.on(events.FETCH, beat);
    consumer.on(events.HEARTBEAT, beat);
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      beat();
      movedAt = performance.now();
      // Batches with messages are the handler's. The others hold only what is never shown.
      if (payload.batchSize > 0) return;
      const position = positions.get(payload.partition);
      if (position === undefined || BigInt(payload.firstOffset) > position) return;
      positions.advance(payload.partition, BigInt(payload.lastOffset) + 1n);
    });
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      movedAt = performance.now();
      consumer.pause([{ topic }]);
      const join = ++joins;
      const partitions = payload.memberAssignment[topic] ?? [];
      // One after the other: the last one to join decides.
      takingOver = takingOver.then(() => takeOver(partitions, join));
      takingOver.catch(fail);
    });
    consumer.on(events.REBALANCING, () => {
      progress.setReady(false);
      log.info({ topic }, 'the group is rebalancing');
    });
    consumer.on(events.CRASH, ({ payload }) => {
      progress.setReady(false);
      if (!payload.restart) {
        fail(payload.error);
        return;
      }
      restarts += 1;
      log.warn({ topic, restarts, err: payload.error }, 'consumer restarts');
      options.onRestart?.(payload.error);
    });
    watchTimer = setInterval(
      () => {
        watch().catch((error: unknown) =>
          log.debug({ topic, err: error }, 'consumer watch failed'),
        );
      },
      Math.min(1_000, stallMs / 2),
    );
  }

  return {
    eachBatch,
    listen,
    /** Rejects when the loop must end. */
    failed: failure.promise,
    /** Ends the watch and resolves when no handler runs. */
    end: async () => {
      clearInterval(watchTimer);
      await Promise.allSettled(handling.values());
    },
  };
}
