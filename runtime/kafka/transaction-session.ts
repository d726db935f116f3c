import type { Kafka } from 'kafkajs';
import { abortableSleep, waitAtMost } from '../abortable-wait.ts';
import {
  connectCluster,
  sendRequest,
  type KafkaCluster,
  type ProducerIdentity,
  type TransactionBroker,
} from './cluster.ts';
import { partitionBatches, type BatchRecords, type TopicRecords } from './partition-batches.ts';
import { partitionOfKey } from './partitioner.ts';
import { produceRequest, type PartitionBatch } from './produce-request.ts';
import { isRetriable, ProduceError, protocolErrorType } from './protocol-errors.ts';
import { encodeRecordBatch } from './record-batch.ts';

/**
 * One producer id and epoch of a transactional id, from InitProducerId until the first failure.
 *
 * kafkajs' own transactional producer is not used: after a failed send it gives the same sequence
 * numbers to other records, which the broker then takes for a repetition and drops although their
 * transaction commits (a test shows it); it does not retry a commit, loses count at 2^31 records,
 * looks its coordinator up before every step, and encodes slowly.
 */
export interface TransactionSession {
  /**
   * Writes all records and commits them. Every request is repeated with the same sequence numbers
   * until the broker would have ended the transaction anyway. The session must not be used after
   * a failure: what became of the transaction is unknown.
   *
   * @throws PipelineError KFK_3008 for a record that is too large; then nothing was sent, and the
   *   session may be used on. Else the errors of client and broker.
   */
  commit(records: readonly TopicRecords[]): Promise<void>;
  close(): Promise<void>;
}

export interface TransactionSessionOptions {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  /** Sequence number of the first record of each partition. A broker takes any from a new producer. */
  readonly firstSequence?: number;
}

const TRANSACTION_COORDINATOR = 1;
const OPEN_MS = 15_000;
/** Each request waits at least so long: a writer that was stopped learns that it was fenced. */
const ANSWER_MS = 1_000;
const MAX_RETRY_MS = 500;
/** Written before, by a request whose answer was lost. */
const DUPLICATE_SEQUENCE_NUMBER = 46;
/** Sequence numbers are int32 and go on at 0. */
const SEQUENCES = 2 ** 31;

/** Fences all earlier sessions of the transactional id and aborts what they left open. */
export async function openTransactionSession(
  kafka: Kafka,
  options: TransactionSessionOptions,
): Promise<TransactionSession> {
  const { transactionalId, transactionTimeoutMs, firstSequence = 0 } = options;
  const { cluster, close: disconnect } = await connectCluster(kafka);
  const closing = new AbortController();
  const close = async () => {
    closing.abort(new Error(`the session of ${transactionalId} was closed`));
    await disconnect();
  };
  const until = (ms: number): Limit => ({
    deadline: performance.now() + ms,
    signal: closing.signal,
  });
  const coordinator = coordinatorOf(cluster, transactionalId);
  const sequences = new Map<string, number>();

  const initialize = (broker: TransactionBroker) =>
    broker.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs });
  let identity: ProducerIdentity;
  try {
    identity = await coordinator.ask(initialize, until(OPEN_MS));
  } catch (error) {
    await close();
    throw error;
  }
  const { producerId, producerEpoch } = identity;

  /** Encodes a batch with the next sequence numbers of its partition. */
  function encode({ topic, partition, messages }: BatchRecords, now: number): PartitionBatch {
    const place = `${topic}/${partition}`;
    const baseSequence = sequences.get(place) ?? firstSequence;
    sequences.set(place, (baseSequence + messages.length) % SEQUENCES);
    const producer = { producerId: BigInt(producerId), producerEpoch, baseSequence };
    return { topic, partition, batch: encodeRecordBatch(messages, producer, now) };
  }

  /** Writes one batch for each of some partitions. */
  async function produce(batches: readonly PartitionBatch[], limit: Limit): Promise<void> {
    let pending = batches;
    const attempt = async () => {
      const written = new Set<PartitionBatch>();
      const requests = Array.from(byLeader(cluster, pending), async ([nodeId, ofLeader]) => {
        const broker = await cluster.findBroker({ nodeId });
        const request = produceRequest(transactionalId, ofLeader, transactionTimeoutMs);
        let failure: ProduceError | undefined;
        for (const result of await sendRequest(broker, request)) {
          const { topic, partition, errorCode } = result;
          const batch = ofLeader.find((b) => b.topic === topic && b.partition === partition);
          const done = errorCode === 0 || errorCode === DUPLICATE_SEQUENCE_NUMBER;
          if (batch && done) written.add(batch);
          // One that no retry can cure outweighs the others.
          if (!done && failure?.retriable !== false) {
            failure = new ProduceError(errorCode, topic, partition);
          }
        }
        if (failure) throw failure;
      });
      const outcomes = await Promise.allSettled(requests);
      pending = pending.filter((batch) => !written.has(batch));
      const failures = outcomes.flatMap((o) =>
        o.status === 'rejected' ? [o.reason as Error] : [],
      );
      const [worst] = failures.toSorted((a, b) => Number(isRetriable(a)) - Number(isRetriable(b)));
      if (worst !== undefined) throw worst;
    };
    await persist(attempt, limit, () => cluster.refreshMetadata());
  }

  async function commit(records: readonly TopicRecords[]): Promise<void> {
    const limit = until(transactionTimeoutMs);
    const topics = [...new Set(records.map(({ topic }) => topic))];
    const loadMetadata = async () => {
      await cluster.addMultipleTargetTopics(topics);
      await cluster.refreshMetadataIfNecessary();
    };
    await persist(loadMetadata, limit, async () => undefined);
    const rounds = partitionBatches(records, (topic, { key }) =>
      partitionOfKey(key, cluster.findTopicPartitionMetadata(topic).length),
    );
    const [first] = rounds;
    if (!first) return;

    // The first round has a batch for every partition that takes part.
    const participants = Array.from(
      Map.groupBy(first, ({ topic }) => topic),
      ([topic, batches]) => ({
        topic,
        partitions: batches.map(({ partition }) => partition),
      }),
    );
    await coordinator.ask(
      (broker) => broker.addPartitionsToTxn({ ...identity, transactionalId, topics: participants }),
      limit,
    );
    const now = Date.now();
    for (const round of rounds) {
      await produce(
        round.map((batch) => encode(batch, now)),
        limit,
      );
    }
    // A commit that is sent again is answered like the first one.
    await coordinator.ask(
      (broker) => broker.endTxn({ ...identity, transactionalId, transactionResult: true }),
      limit,
    );
  }

  return { commit, close };
}

/** Finds the coordinator of a transactional id once, and again when it has moved. */
function coordinatorOf(cluster: KafkaCluster, transactionalId: string) {
  let found: TransactionBroker | undefined;
  const find = async () => {
    if (found?.isConnected()) return found;
    found = await cluster.findGroupCoordinator({
      groupId: transactionalId,
      coordinatorType: TRANSACTION_COORDINATOR,
    });
    return found;
  };
  return {
    ask: <T>(request: (broker: TransactionBroker) => Promise<T>, limit: Limit): Promise<T> =>
      persist(
        async () => request(await find()),
        limit,
        async () => {
          found = undefined;
        },
      ),
  };
}

function byLeader(
  cluster: KafkaCluster,
  batches: readonly PartitionBatch[],
): Map<string, PartitionBatch[]> {
  return Map.groupBy(batches, ({ topic, partition }) => {
    const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
    return leader ?? 'none';
  });
}

/** When a request is given up. */
interface Limit {
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * Repeats a request while its error allows it.
 *
 * @param again makes the next attempt look at the cluster anew.
 */
async function persist<T>(
  attempt: () => Promise<T>,
  { deadline, signal }: Limit,
  again: () => Promise<void>,
): Promise<T> {
  const left = () => Math.ceil(deadline - performance.now());
  for (let attempts = 0; ; attempts++) {
    signal.throwIfAborted();
    let delayMs: number;
    try {
      return await waitAtMost(attempt(), Math.max(left(), ANSWER_MS));
    } catch (error) {
      if (!isRetriable(error)) throw error;
      const concurrent = protocolErrorType(error) === 'CONCURRENT_TRANSACTIONS';
      delayMs = Math.min(concurrent ? 1.3 ** attempts : 50 * 2 ** attempts, MAX_RETRY_MS);
      if (left() <= delayMs) throw error;
      // The markers of the last commit are being written, which takes a millisecond or two, and
      // the coordinator is the right one. After any other error look at the cluster anew.
      if (!concurrent) {
        await waitAtMost(again(), Math.max(left(), ANSWER_MS)).catch(() => undefined);
      }
    }
    await abortableSleep(delayMs, signal);
  }
}
