import type { Bucket } from '../../runtime/s3/bucket.ts';
import { parseRawKey, rawPrefix } from '../../schemas/raw-archive.ts';

/** How far the archive of one partition reaches. */
export interface ArchiveEnd {
  /** Offset after the last archived one. */
  readonly next: bigint;
  /** Day of the last object. */
  readonly day: string;
  /** Its key. */
  readonly key: string;
}

/**
 * Finds how far the archive reaches, from the names of its objects: the newest day first, until
 * every partition is found or no day is left. Days never go back within a partition.
 *
 * @returns by partition; one that has no object is left out.
 */
export async function findArchiveEnds(
  bucket: Bucket,
  dataset: { readonly name: string },
  { topic, partitions }: { readonly topic: string; readonly partitions: readonly number[] },
  signal: AbortSignal,
): Promise<Map<number, ArchiveEnd>> {
  const ends = new Map<number, ArchiveEnd>();
  const days = await bucket.folders(rawPrefix(dataset), signal);
  for (const folder of days.toReversed()) {
    const found = new Map<number, ArchiveEnd>();
    for (const key of await bucket.keys(`${folder}${topic}-`, signal)) {
      const range = parseRawKey(key);
      if (range?.topic !== topic) continue;
      const next = range.last + 1n;
      if (next > (found.get(range.partition)?.next ?? 0n)) {
        found.set(range.partition, { next, day: range.day, key });
      }
    }
    for (const [partition, end] of found) if (!ends.has(partition)) ends.set(partition, end);
    if (partitions.every((partition) => ends.has(partition))) break;
  }
  return ends;
}
