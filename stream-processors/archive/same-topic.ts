import type { Kafka, KafkaMessage } from 'kafkajs';
import { readRange, type OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { ERASED_HEADER } from '../../schemas/erased-image.ts';
import { rawLine, readRawObject } from './raw-object.ts';

/**
 * Whether a partition is the one that was archived: its record at the offset of the archive's last
 * one is that record. A topic that was deleted and made anew counts from 0 again, and may have grown
 * past the archive's end while nobody looked; kafkajs tells no topic ids.
 *
 * @param key the last object of the partition's archive.
 * @returns true also where that cannot be told: retention has removed the record.
 */
export async function isArchivedTopic(
  parts: { readonly kafka: Kafka; readonly bucket: Bucket; readonly topic: string },
  { partition, key }: { readonly partition: number; readonly key: string },
  range: OffsetRange,
  signal: AbortSignal,
): Promise<boolean> {
  const { kafka, bucket, topic } = parts;
  const bytes = await bucket.get(key, signal);
  // What cannot be read is told by whoever reads the archive.
  const records = bytes && (await readRawObject(bytes).catch(() => undefined));
  const archived = records?.at(-1);
  if (!archived) return true;
  const offset = BigInt(archived.offset);
  if (offset < range.start || offset >= range.end) return true;
  let found: KafkaMessage | undefined;
  await readRange({
    ...{ kafka, topic, signal, clamp: true, partitions: [partition] },
    start: new Map([[partition, offset]]),
    end: new Map([[partition, offset + 1n]]),
    onBatch: ({ messages }) => {
      found = messages.find((message) => message.offset === archived.offset);
    },
  });
  return found !== undefined && identityOf(found) === identityOf(archived);
}

/** Time and headers: key and value of an archived record may have been erased since. */
function identityOf({ offset, timestamp, attributes, headers }: KafkaMessage): string {
  const kept = Object.entries(headers ?? {}).filter(([name]) => name !== ERASED_HEADER);
  const sorted = Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const empty = { key: null, value: null, headers: sorted };
  return rawLine({ ...{ offset, timestamp, attributes }, ...empty });
}
