import type { Kafka, KafkaMessage } from 'kafkajs';
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
  readonly onValue: (key: string, value: Buffer | null, offset: string) => void;
}

const PARTITION = 0;
const RECONNECT_MS = 1_000;
/** A topic may rest for long; the connection is made anew once in this time. */
const RENEW_MS = 600_000;

/**
 * Follows a compacted topic from its beginning until the signal aborts, without a consumer group.
 * Of several values of a key that stand there at the call, or arrive together, only the newest is
 * told. Goes on by itself after any failure of the broker.
 */
export async function followCompacted(options: FollowCompactedOptions): Promise<void> {
  const newest = new Map<string, KafkaMessage>();
  for await (const { messages, isThere } of follow(options)) {
    for (const each of messages) if (each.key) newest.set(each.key.toString('utf8'), each);
    if (!isThere) continue;
    for (const [key, { value, offset }] of newest) options.onValue(key, value, offset);
    newest.clear();
  }
}

interface Followed extends FetchedRecords {
  /** Behind all that stood in the topic at the call. */
  readonly isThere: boolean;
}

async function* follow({
  kafka,
  topic,
  signal,
}: FollowCompactedOptions): AsyncGenerator<Followed, void, undefined> {
  let position: bigint | undefined;
  let end = 0n;
  while (!signal.aborted) {
    let fetcher: TopicFetcher | undefined;
    try {
      fetcher = await openTopicFetcher(kafka, { topic, compacted: true });
      if (position === undefined) {
        const range = (await waitOrAbort(fetcher.ranges(), signal)).get(PARTITION);
        position = range?.start ?? 0n;
        end = range?.end ?? 0n;
      }
      for (;;) {
        const [fetched] = await fetchWithProgress(fetcher, new Map([[PARTITION, position]]), {
          topic,
          signal,
          stallMs: RENEW_MS,
        });
        if (!fetched) continue;
        position = fetched.next;
        yield { ...fetched, isThere: position >= end };
      }
    } catch (error) {
      if (findPipelineError(error)?.code === 'KFK_3005') position = undefined;
      await abortableSleep(RECONNECT_MS, signal).catch(() => undefined);
    } finally {
      await fetcher?.close();
    }
  }
}
