/**
 * The raw archive: every committed record of a topic, whole, as gzip JSON lines in the lake. It
 * outlives the topic's retention and is what a replay reads then.
 *
 * The objects of a partition tile it: `first` is the offset after the `last` of the object before,
 * and offsets that control records take belong to the range in which they lie. So the names alone
 * tell how far the archive reaches.
 */

/** One record as one JSON line. Bytes are base64. */
export interface RawRecord {
  readonly offset: string;
  /** As Kafka has it, epoch ms. */
  readonly timestamp: string;
  readonly key: string | null;
  readonly value: string | null;
  /** A header that stands several times has several values. */
  readonly headers: Readonly<Record<string, readonly (string | null)[]>>;
}

/** The part of a partition that one object holds, both ends included. */
export interface RawRange {
  readonly topic: string;
  readonly partition: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** Digits of an offset in a key, so that the byte order of keys is the order of offsets. */
const OFFSET_DIGITS = 20;
const KEY = /^(.+)\/raw\/dt=(\d{4}-\d{2}-\d{2})\/(.+)-(\d+)-(\d+)-(\d+)\.jsonl\.gz$/;

export function rawPrefix(dataset: { readonly name: string }): string {
  return `${dataset.name}/raw/`;
}

/** @param day the UTC day of the first record, never before the day of the object before. */
export function rawKey(dataset: { readonly name: string }, day: string, range: RawRange): string {
  const { topic, partition, first, last } = range;
  const [from, to] = [first, last].map((offset) => offset.toString().padStart(OFFSET_DIGITS, '0'));
  return `${rawPrefix(dataset)}dt=${day}/${topic}-${partition}-${from}-${to}.jsonl.gz`;
}

/** @returns what a key of the archive says, or undefined for any other key. */
export function parseRawKey(key: string): (RawRange & { readonly day: string }) | undefined {
  const [, , day, topic, partition, first, last] = KEY.exec(key) ?? [];
  if (day === undefined || topic === undefined) return undefined;
  if (partition === undefined || first === undefined || last === undefined) return undefined;
  const range = { topic, day, partition: Number(partition) };
  return { ...range, first: BigInt(first), last: BigInt(last) };
}
