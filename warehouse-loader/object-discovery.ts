import type { S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import { systemClock, type Clock } from './clock.ts';
import { dayOf, type Ledger } from './ledger.ts';
import type { LakeObject } from './load-statements.ts';
import { listDays, listObjects } from './object-listing.ts';

/** What a look into the lake found that no earlier one had. */
export interface Discovered {
  readonly objects: readonly LakeObject[];
  /** Objects whose name Firehose never gives: not the pipeline's. */
  readonly foreign: readonly LakeObject[];
}

/**
 * Finds each object of a dataset. Which one is new is decided by the ledger and by what was found
 * before, never by a moving cursor: keys sort by the arrival of their oldest record and a random
 * name, and objects appear late.
 */
export interface ObjectDiscovery {
  /**
   * Compares the whole lake with the ledger, a day at a time: days in which both hold equally many
   * objects are complete. To be read to its end before the first `discover`; when it breaks off, the
   * next one gives again what has not come into the ledger since.
   *
   * @throws {PipelineError} LAKE_4002 when the lake cannot be listed; what the ledger throws.
   */
  everything(signal: AbortSignal): AsyncIterable<Discovered>;
  /**
   * Looks where new objects appear, and once a day everywhere. The ledger is asked only of a day
   * long past that holds another number of objects than before: what has been found there and is
   * not in the ledger yet is given again.
   *
   * @throws {PipelineError} LAKE_4002; what the ledger throws.
   */
  discover(signal: AbortSignal): Promise<Discovered>;
}

export interface ObjectDiscoveryOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: LakeDataset;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>;
  /** A lake of fewer objects is always looked at whole: one page costs what any other page does. */
  readonly smallLake?: number;
}

const HOUR_MS = 3_600_000;
/** Looks that come closer together than this list only what sorts behind what was new a minute ago. */
const FULL_EVERY_MS = 5_000;
const RECENT_MS = 60_000;
/** Otherwise the hours in which objects appear when all is well. */
const FAST_WINDOW_MS = 2 * HOUR_MS;
/** Every ten minutes: as long as Firehose retries a delivery, and some. */
const SLOW_EVERY_MS = 600_000;
const SLOW_WINDOW_MS = 26 * HOUR_MS;
/** Every day: what somebody may have copied back, wherever. */
const WHOLE_EVERY_MS = 24 * HOUR_MS;
/** How far back objects are remembered by name; of older days their number is. */
const REMEMBERED_MS = 72 * HOUR_MS;
/** Keys on a page of a listing (API_ListObjectsV2, MaxKeys). */
const PAGE = 1_000;

/**
 * `dt=2025-07-01/hour=13/<name>.parquet`, and only characters that need no care in SQL or JSON.
 * Longer names are no names of Firehose, and the ledger's statement has a limit.
 */
const FIREHOSE_NAME = /^dt=\d{4}-\d{2}-\d{2}\/hour=\d{2}\/[A-Za-z0-9._-]{1,200}\.parquet$/;

export function createObjectDiscovery(options: ObjectDiscoveryOptions): ObjectDiscovery {
  const { s3, bucket, dataset, ledger, log } = options;
  const { clock = systemClock, smallLake = PAGE } = options;
  const root = processedPrefix(dataset);
  /** ETag by key of what was found and lies not too long ago. */
  const seen = new Map<string, string>();
  /** How many objects each day holds: as the ledger had them, then as they were found. */
  let counts = new Map<string, number>();
  /** Greatest key that was known at a time, oldest first: the first one is a minute old. */
  const marks: { readonly key: string; readonly at: number }[] = [];
  let fullAt = -Infinity;
  let slowAt = -Infinity;
  let wholeAt = -Infinity;

  const isOurs = ({ key }: LakeObject) => FIREHOSE_NAME.test(key.slice(root.length));

  /** Objects that were met with another ETag than the one that is known. */
  let overwritten: { readonly object: LakeObject; readonly known: string }[] = [];

  const isNew = (object: LakeObject, known: string | undefined): boolean => {
    if (known !== undefined && known !== object.etag) overwritten.push({ object, known });
    return known === undefined;
  };

  /** What `careplus forget` has overwritten stands in the ledger as it is now: nothing to tell. */
  async function tellOverwritten(signal: AbortSignal): Promise<void> {
    const met = Map.groupBy(overwritten, ({ object }) => dayOf(dataset, object.key));
    for (const [day, ofDay] of met) {
      const ledgered = await ledger.day(day, signal);
      for (const { object, known } of ofDay) {
        const { key, etag } = object;
        if (ledgered.get(key) === etag) continue;
        log.error({ code: 'LAKE_4004', key, etag, known }, 'an object was overwritten; not loaded');
      }
    }
    overwritten = [];
  }

  const sorted = (found: readonly LakeObject[]): Discovered => ({
    objects: found.filter(isOurs),
    foreign: found.filter((each) => !isOurs(each)),
  });

  const mark = (found: readonly LakeObject[]) => {
    const at = clock.elapsed();
    const known = marks.at(-1)?.key ?? '';
    const newest = found.findLast((object) => isOurs(object) && object.key > known);
    if (newest) marks.push({ key: newest.key, at });
    while ((marks[1]?.at ?? Infinity) <= at - RECENT_MS) marks.shift();
  };

  /** Where the listing of a window begins: an hour's folder, so that it holds the window's begin. */
  const windowStart = (ms: number): string => {
    const iso = new Date(clock.now() - ms).toISOString();
    return `${root}dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/`;
  };

  const newByName = (
    listed: readonly LakeObject[],
    known: ReadonlyMap<string, string>,
  ): LakeObject[] => listed.filter((object) => isNew(object, known.get(object.key)));

  const newByLedger = async (day: string, listed: readonly LakeObject[], signal: AbortSignal) =>
    newByName(listed, counts.has(day) ? await ledger.day(day, signal) : new Map());

  const remember = (listed: readonly LakeObject[], from: string) => {
    for (const { key, etag } of listed) if (key >= from) seen.set(key, etag);
  };

  /** Near days are compared by name, older ones only when their number differs. */
  const isComplete = (day: string, { length }: readonly LakeObject[], remembered: string) =>
    `${day}/~` < remembered && counts.get(day) === length;

  async function lookEverywhere(signal: AbortSignal): Promise<LakeObject[]> {
    const remembered = windowStart(REMEMBERED_MS);
    const found: LakeObject[] = [];
    const near: LakeObject[] = [];
    const next = new Map<string, number>();
    for await (const [day, listed] of listDays(s3, { bucket, dataset }, signal)) {
      next.set(day, listed.length);
      if (`${day}/~` >= remembered) {
        near.push(...listed);
        found.push(...newByName(listed, seen));
      } else if (!isComplete(day, listed, remembered)) {
        found.push(...(await newByLedger(day, listed, signal)));
      }
    }
    // Only a listing that came to its end counts.
    counts = next;
    for (const key of seen.keys()) if (key < remembered) seen.delete(key);
    remember(near, remembered);
    return found;
  }

  async function lookFrom(after: string, signal: AbortSignal): Promise<LakeObject[]> {
    const found: LakeObject[] = [];
    for await (const page of listObjects(s3, { bucket, prefix: root, after }, signal)) {
      for (const object of page) {
        if (isNew(object, seen.get(object.key))) found.push(object);
        // Told once.
        else seen.set(object.key, object.etag);
      }
    }
    for (const { key, etag } of found) {
      const day = dayOf(dataset, key);
      counts.set(day, (counts.get(day) ?? 0) + 1);
      seen.set(key, etag);
    }
    return found;
  }

  return {
    async *everything(signal) {
      counts = new Map(await ledger.days(signal));
      const remembered = windowStart(REMEMBERED_MS);
      for await (const [day, listed] of listDays(s3, { bucket, dataset }, signal)) {
        const found = isComplete(day, listed, remembered)
          ? []
          : await newByLedger(day, listed, signal);
        counts.set(day, listed.length);
        remember(listed, remembered);
        mark(listed);
        yield sorted(found);
      }
      const at = clock.elapsed();
      [fullAt, slowAt, wholeAt] = [at, at, at];
    },

    async discover(signal) {
      // Of the look before: what fails here must not lose what this one finds.
      await tellOverwritten(signal);
      const at = clock.elapsed();
      const isSlow = at - slowAt >= SLOW_EVERY_MS;
      const isFull = isSlow || at - fullAt >= FULL_EVERY_MS;
      const isSmall = [...counts.values()].reduce((sum, count) => sum + count, 0) < smallLake;
      const isWhole = at - wholeAt >= WHOLE_EVERY_MS || (isFull && isSmall);
      // Names hold their time, so new ones mostly sort behind. What does not (late, or of another
      // version of the stream) is found by the next full look.
      const from = windowStart(isSlow ? SLOW_WINDOW_MS : FAST_WINDOW_MS);
      const found = isWhole
        ? await lookEverywhere(signal)
        : await lookFrom(isFull ? from : (marks[0]?.key ?? from), signal);
      mark(found);
      if (isFull || isWhole) fullAt = at;
      if (isSlow || isWhole) slowAt = at;
      if (isWhole) wholeAt = at;
      return sorted(found);
    },
  };
}
