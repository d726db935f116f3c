import type { Kafka } from 'kafkajs';
import { abortableSleep, waitOrAbort } from '../abortable-wait.ts';
import { findPipelineError } from '../pipeline-error.ts';
import { fetchWithProgress } from './bounded-reader.ts';
import { openTopicFetcher, type FetchedRecords, type TopicFetcher } from './topic-fetcher.ts';

export interface FollowCompactedOptions {
  readonly kafka: Kafka;
  /** A compacted topic of one partition. */
  readonly topic: string;
  readonly signal: AbortSignal;
  /** The newest value of a key so far; `null` when it was deleted. An error ends the following. */
  readonly onValue: (key: string, value: Buffer | null) => void;
}

const PARTITION = 0;
const RECONNECT_MS = 1_000;
/** A topic may rest for long; the connection is made anew once in this time. */
const RENEW_MS = 600_000;

/**
 * Follows a compacted topic from its beginning until the signal aborts, without a consumer group.
 * Of several values of a key that arrive together only the newest is told. Goes on by itself
 * after any failure of the broker.
 */
export async function followCompacted(options: FollowCompactedOptions): Promise<void> {
  for await (const { messages } of follow(options)) {
    const newest = new Map<string, Buffer | null>();
    for (const { key, value } of messages) if (key) newest.set(key.toString('utf8'), value);
    for (const [key, value] of newest) options.onValue(key, value);
  }
}

async function* follow({
  kafka,
  topic,
  signal,
}: FollowCompactedOptions): AsyncGenerator<FetchedRecords, void, undefined> {
  let position: bigint | undefined;
  while (!signal.aborted) {
    let fetcher: TopicFetcher | undefined;
    try {
      fetcher = await openTopicFetcher(kafka, { topic, compacted: true });
      position ??= (await waitOrAbort(fetcher.ranges(), signal)).get(PARTITION)?.start ?? 0n;
      for (;;) {
        const [fetched] = await fetchWithProgress(fetcher, new Map([[PARTITION, position]]), {
          topic,
          signal,
          stallMs: RENEW_MS,
        });
        if (!fetched) continue;
        position = fetched.next;
        yield fetched;
      }
    } catch (error) {
      if (findPipelineError(error)?.code === 'KFK_3005') position = undefined;
      await abortableSleep(RECONNECT_MS, signal).catch(() => undefined);
    } finally {
      await fetcher?.close();
    }
  }
}
