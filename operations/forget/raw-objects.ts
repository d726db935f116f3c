import type { Admin, KafkaMessage } from 'kafkajs';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { isErased, type ErasedImages, type Erasure } from '../../schemas/erased-image.ts';
import { rawPrefix } from '../../schemas/raw-archive.ts';
import { listArchive, objectsSince } from '../../stream-processors/archive/archive-reader.ts';
import { packLines, rawLine, readRawObject } from '../../stream-processors/archive/raw-object.ts';
import { readChangeNumbers } from '../../stream-processors/tables/change-headers.ts';
import {
  readErasedImages,
  type RecordEraser,
} from '../../stream-processors/tables/erased-record.ts';
import type { ImageNumber } from './processed-objects.ts';
import { rewrite, type FoundObjects } from './rewriting.ts';
import type { StoredObjects } from './stored-object.ts';
import type { HistoryImage } from './ticket-images.ts';

export interface RawParts {
  readonly bucket: Bucket;
  readonly store: StoredObjects;
  readonly dataset: TableDataset;
  readonly eraser: RecordEraser;
  readonly ticket: TicketRecords;
  readonly sinceMs: number | undefined;
  readonly execute: boolean;
  readonly signal: AbortSignal;
}

/** How records of a ticket are known. */
export interface TicketRecords {
  readonly ticketId: string;
  readonly keyHash: string;
  readonly erasures: readonly Erasure[];
  /** `source:epoch:seq` of every image of it that is known. */
  readonly numbers: ReadonlySet<string>;
}

export const numberId = ({ source, epoch, seq }: ImageNumber) => `${source}:${epoch}:${seq}`;

const DAY_MS = 86_400_000;

/** Finds the ticket's records in the raw archive, and takes its images out of them. */
export async function eraseRaw(parts: RawParts): Promise<FoundObjects> {
  const { bucket, store, dataset, eraser, ticket, sinceMs, execute, signal } = parts;
  const prefix = rawPrefix(dataset);
  const all = await listArchive(bucket, dataset, dataset.topic.name, signal);
  const day = sinceMs === undefined ? '' : new Date(sinceMs - DAY_MS).toISOString().slice(0, 10);
  const total = { objects: 0, found: 0 };
  const unreadable: string[] = [];
  for (const { key } of objectsSince(all, day)) {
    const object = await store.get(key, signal);
    const messages = object && (await readRawObject(object.bytes).catch(() => undefined));
    if (!messages) {
      if (object) unreadable.push(key);
      continue;
    }
    const found = messages.filter((message) => contentOf(message, ticket)).length;
    if (found === 0) continue;
    total.objects += 1;
    total.found += found;
    if (!execute) continue;
    await rewrite(
      store,
      key,
      async ({ bytes }) => packLines(await erasedLines(bytes, eraser, ticket, signal)),
      signal,
    );
  }
  return { prefix, ...total, waiting: [], unreadable };
}

async function erasedLines(
  bytes: Buffer,
  eraser: RecordEraser,
  ticket: TicketRecords,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  for (const message of await readRawObject(bytes)) {
    const images = contentOf(message, ticket);
    lines.push(rawLine(images ? await eraser.erase(message, images, signal) : message));
  }
  return lines;
}

/**
 * Which images of the ticket a record still has the content of: by their numbers, for a change of
 * the id has an image of each ticket under one key. The key tells only of what is not numbered in
 * the warehouse, such as an epoch that was broken off.
 */
export function contentOf(
  { key, value, headers }: KafkaMessage,
  { ticketId, keyHash, erasures, numbers }: TicketRecords,
): ErasedImages | undefined {
  const record = readChangeNumbers(headers);
  const isOfKey = key?.toString('utf8') === ticketId;
  // Not the reader's: nothing is known of it but its key.
  if (!record) return isOfKey ? {} : undefined;
  if (key === null && value === null) return undefined;
  const { source, epoch, seq, op } = record;
  const gone = readErasedImages(headers);
  const images = {
    before: op === 'u' || op === 'd' ? seq : undefined,
    after: op === 'u' ? seq + 1 : op === 'c' || op === 'r' ? seq : undefined,
  };
  const isKnown = (at: number | undefined) =>
    at !== undefined && numbers.has(numberId({ source, epoch, seq: at }));
  const isUnknown = !isKnown(images.before) && !isKnown(images.after);
  const isOf = (at: number | undefined) =>
    at !== undefined &&
    erasures.some((erasure) => isErased(erasure, { source, epoch, seq: at })) &&
    (isKnown(at) || (isOfKey && isUnknown));
  const before = gone.before === undefined && isOf(images.before);
  const after = gone.after === undefined && isOf(images.after);
  if (!before && !after) return undefined;
  return { ...(before && { before: keyHash }), ...(after && { after: keyHash }) };
}

/**
 * Makes sure that the archive has the ticket's records: what it copies later would bring them back.
 * Records of a former topic of this name lie behind the end of the one that is there.
 *
 * @throws {PipelineError} WH_5007 while the archiver has not come so far.
 */
export async function requireArchived(
  { bucket, admin, dataset }: Pick<RawParts, 'bucket' | 'dataset'> & { readonly admin: Admin },
  images: readonly HistoryImage[],
  signal: AbortSignal,
): Promise<void> {
  const topic = dataset.topic.name;
  const offsets = await admin.fetchTopicOffsets(topic);
  const ends = new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]));
  const archived = new Map<number, bigint>();
  for (const { partition, last } of await listArchive(bucket, dataset, topic, signal)) {
    if (last > (archived.get(partition) ?? -1n)) archived.set(partition, last);
  }
  const ahead = images.find(({ partition, offset }) => {
    if (partition === null || offset === null) return false;
    return offset > (archived.get(partition) ?? -1n) && offset < (ends.get(partition) ?? 0n);
  });
  if (!ahead) return;
  const place = `${topic}/${ahead.partition}:${ahead.offset}`;
  throw new PipelineError('WH_5007', `the archiver has not copied record ${place} yet`);
}
