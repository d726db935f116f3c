import type { KafkaMessage } from 'kafkajs';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { parseRawKey, rawPrefix } from '../../schemas/raw-archive.ts';
import { readRawObject } from './raw-object.ts';

export interface ArchivedObject {
  readonly key: string;
  readonly day: string;
  readonly partition: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** All objects of a topic's archive, by partition and offset. */
export async function listArchive(
  bucket: Bucket,
  dataset: { readonly name: string },
  topic: string,
  signal: AbortSignal,
): Promise<ArchivedObject[]> {
  const keys = await bucket.keys(rawPrefix(dataset), signal);
  return keys
    .flatMap((key) => {
      const range = parseRawKey(key);
      return range?.topic === topic ? { key, ...range } : [];
    })
    .toSorted((a, b) => a.partition - b.partition || Number(a.first - b.first));
}

/**
 * Leaves out objects that end before a day: an object holds records from its own day to the day
 * of the object after it.
 */
export function objectsSince(
  objects: readonly ArchivedObject[],
  day: string,
): readonly ArchivedObject[] {
  return objects.filter((object, index) => {
    const after = objects[index + 1];
    return after?.partition !== object.partition || after.day >= day;
  });
}

/**
 * Reads objects in the order in which they are given. Two archivers may have cut a partition
 * differently: a record that several objects hold is given once.
 *
 * @throws {PipelineError} LAKE_4004 when an object cannot be read; LAKE_4002.
 */
export async function* readArchive(
  bucket: Bucket,
  objects: readonly ArchivedObject[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly partition: number; readonly messages: readonly KafkaMessage[] }> {
  const next = new Map<number, bigint>();
  for (const { key, partition, last } of objects) {
    const from = next.get(partition) ?? 0n;
    if (last < from) continue;
    const bytes = await bucket.get(key, signal);
    if (bytes === undefined) throw new PipelineError('LAKE_4004', `${key} is gone`);
    const messages = await readRawObject(bytes).catch((cause: unknown) => {
      throw new PipelineError('LAKE_4004', `${key}: ${errorText(cause)}`, { cause });
    });
    next.set(partition, last + 1n);
    yield { partition, messages: messages.filter(({ offset }) => BigInt(offset) >= from) };
  }
}
