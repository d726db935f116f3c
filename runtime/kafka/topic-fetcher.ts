import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { waitOrAbort } from '../abortable-wait.ts';
import { connectCluster } from './cluster.ts';

/** What one fetch brought for one partition. */
export interface FetchedRecords {
  readonly partition: number;
  /** Committed records from the asked position on; no control records, nothing aborted. */
  readonly messages: readonly KafkaMessage[];
  /** Where the next fetch continues; greater than the asked position unless nothing was there. */
  readonly next: bigint;
}

/**
 * First offset and end (exclusive) of a partition. The end is the last stable offset: no
 * transaction is open below it.
 */
export interface OffsetRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Reads partitions by explicit offsets, without a consumer group: no join, no heartbeats, no
 * rights on a group, nothing to clean up, and the position advances over what compaction and
 * aborted transactions leave behind, where a kafkajs consumer stays in place.
 */
export interface TopicFetcher {
  /** The ranges of all partitions as they are now. */
  ranges(): Promise<Map<number, OffsetRange>>;
  /**
   * One fetch of these partitions. Waits up to `maxWaitMs` if nothing is there.
   *
   * @throws the client's errors; `OFFSET_OUT_OF_RANGE` is a protocol error with that type.
   */
  fetch(positions: ReadonlyMap<number, bigint>, signal: AbortSignal): Promise<FetchedRecords[]>;
  /** Forgets connections and leaders after an error. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface TopicFetcherOptions {
  readonly topic: string;
  /**
   * For compacted topics of one partition. Compaction leaves batches without records, and kafkajs
   * shows nothing of them: a fetch that brings nothing below the last stable offset then moves
   * the position by one, until it is behind them.
   */
  readonly compacted?: boolean;
  /** Reads to the high watermark, open and aborted transactions included. */
  readonly uncommitted?: boolean;
  readonly maxBytesPerPartition?: number;
  readonly maxWaitMs?: number;
}

/** The parts of a fetch response (Kafka protocol, Fetch v11) that are used here. */
interface FetchResponse {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly partition: number;
      readonly highWatermark: string;
      readonly lastStableOffset: string;
      readonly abortedTransactions: readonly AbortedTransaction[];
      readonly messages: readonly FetchedMessage[];
    }[];
  }[];
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** A record as kafkajs decodes it, with what it tells about the batch. */
export type FetchedMessage = KafkaMessage & {
  readonly isControlRecord?: boolean;
  readonly batchContext?: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
};

/** Isolation levels of the Fetch request. */
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;

/** Some 5 s in all. */
const RANGE_ATTEMPTS = 10;

/** Connects to the cluster of this topic. */
export async function openTopicFetcher(
  kafka: Kafka,
  options: TopicFetcherOptions,
): Promise<TopicFetcher> {
  const { topic } = options;
  const maxBytes = options.maxBytesPerPartition ?? 1024 * 1024;
  const uncommitted = options.uncommitted ?? false;
  const { cluster, close } = await connectCluster(kafka, { readUncommitted: uncommitted });

  async function loadMetadata(): Promise<void> {
    await cluster.addMultipleTargetTopics([topic]);
    await cluster.refreshMetadataIfNecessary();
  }

  async function readRanges(): Promise<Map<number, OffsetRange>> {
    await loadMetadata();
    const partitions = cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => ({ partition: partitionId }));
    const offsets = async (fromBeginning: boolean) => {
      const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning }]);
      return new Map(found?.partitions.map((p) => [p.partition, BigInt(p.offset)]));
    };
    const ends = await offsets(false);
    const starts = await offsets(true);
    return new Map(
      Array.from(ends, ([partition, end]) => [
        partition,
        { start: starts.get(partition) ?? end, end },
      ]),
    );
  }

  async function fetchFrom(
    nodeId: string,
    positions: ReadonlyMap<number, bigint>,
    partitions: readonly number[],
  ): Promise<FetchedRecords[]> {
    const broker = await cluster.findBroker({ nodeId });
    const response = (await broker.fetch({
      isolationLevel: uncommitted ? READ_UNCOMMITTED : READ_COMMITTED,
      maxWaitTime: options.maxWaitMs ?? 500,
      minBytes: 1,
      maxBytes: maxBytes * partitions.length,
      topics: [
        {
          topic,
          partitions: partitions.map((partition) => ({
            partition,
            fetchOffset: String(positions.get(partition) ?? 0n),
            maxBytes,
          })),
        },
      ],
    })) as FetchResponse;
    return response.responses.flatMap((entry) =>
      entry.partitions.map((data) => {
        const position = positions.get(data.partition) ?? 0n;
        const end = BigInt(uncommitted ? data.highWatermark : data.lastStableOffset);
        const { messages, next } = committedRecords(
          data.messages,
          data.abortedTransactions,
          position,
        );
        // A fetch of one partition brings at least one batch if there is any (KIP-74). Of several
        // partitions some may be left out, so for them no progress means nothing.
        const emptied =
          options.compacted === true &&
          partitions.length === 1 &&
          next === position &&
          position < end;
        return {
          partition: data.partition,
          messages,
          next: emptied ? position + 1n : next,
        };
      }),
    );
  }

  /** A broker may not know a new topic or a new leader for a moment. */
  async function ranges(): Promise<Map<number, OffsetRange>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readRanges();
      } catch (error) {
        if (attempt === RANGE_ATTEMPTS) throw error;
        await sleep(100 * attempt);
        await cluster.refreshMetadata().catch(() => undefined);
      }
    }
  }

  return {
    ranges,
    async fetch(positions, signal) {
      await loadMetadata();
      const leaders = cluster.findLeaderForPartitions(topic, [...positions.keys()]);
      const fetches = Object.entries(leaders).map(([nodeId, partitions]) =>
        fetchFrom(nodeId, positions, partitions),
      );
      const fetched = await waitOrAbort(Promise.all(fetches), signal);
      return fetched.flat();
    },
    refresh: () => cluster.refreshMetadata(),
    close,
  };
}

/**
 * Takes what readers may see out of the raw records of a partition, and tells where to go on:
 * behind the last batch, though compaction may have removed its last records.
 */
export function committedRecords(
  raw: readonly FetchedMessage[],
  abortedTransactions: readonly AbortedTransaction[],
  position: bigint,
): { readonly messages: readonly KafkaMessage[]; readonly next: bigint } {
  const pending = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborted = new Set<string>();
  const messages: KafkaMessage[] = [];
  let next = position;
  for (const message of raw) {
    const offset = BigInt(message.offset);
    for (let first = pending[0]; first && first.firstOffset <= offset; first = pending[0]) {
      aborted.add(first.producerId);
      pending.shift();
    }
    const { batchContext: batch } = message;
    if (batch) next = max(next, BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta) + 1n);
    next = max(next, offset + 1n);
    if (message.isControlRecord) {
      if (batch && isAbortMarker(message)) aborted.delete(batch.producerId);
    } else if (offset >= position && !(batch?.inTransaction && aborted.has(batch.producerId))) {
      messages.push(message);
    }
  }
  return { messages, next };
}

/** Key of a control record: version, then type, each an int16; type 0 is ABORT. */
function isAbortMarker({ key }: KafkaMessage): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
