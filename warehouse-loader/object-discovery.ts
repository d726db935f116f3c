import type { S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import { dayOf, type Ledger } from './ledger.ts';
import type { LakeObject } from './load-statements.ts';
import { listObjects } from './object-listing.ts';

/** What a look into the lake found that no earlier one had. */
export interface Discovered {
  readonly objects: readonly LakeObject[];
  /** Objects whose name Firehose never gives: not the pipeline's. */
  readonly foreign: readonly LakeObject[];
}

/**
 * Finds each object of a dataset once. Which one is new is decided by the ledger and by what was
 * found before, never by a moving cursor: keys sort by the arrival of their oldest record and a
 * random name, and objects appear late.
 */
export interface ObjectDiscovery {
  /**
   * Compares the whole lake with the ledger, a day at a time: days in which both hold equally many
   * objects are complete. To be read to its end before the first `discover`.
   *
   * @throws {PipelineError} LAKE_4002 when the lake cannot be listed; what the ledger throws.
   */
  everything(signal: AbortSignal): AsyncIterable<Discovered>;
  /**
   * Looks where new objects appear.
   *
   * @throws {PipelineError} LAKE_4002.
   */
  discover(signal: AbortSignal): Promise<Discovered>;
}

export interface ObjectDiscoveryOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: LakeDataset;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly now?: () => number;
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
/** Every day: what somebody may have copied back. Also how far back found objects are remembered. */
const DAILY_EVERY_MS = 24 * HOUR_MS;
const DAILY_WINDOW_MS = 72 * HOUR_MS;

/**
 * `dt=2025-07-01/hour=13/<name>.parquet`, and only characters that need no care in SQL or JSON.
 * Longer names are no names of Firehose, and the ledger's statement has a limit.
 */
const FIREHOSE_NAME = /^dt=\d{4}-\d{2}-\d{2}\/hour=\d{2}\/[A-Za-z0-9._-]{1,200}\.parquet$/;

export function createObjectDiscovery(options: ObjectDiscoveryOptions): ObjectDiscovery {
  const { s3, bucket, dataset, ledger, log, now = Date.now } = options;
  const root = processedPrefix(dataset);
  /** ETag by key of what was found inside the longest window. */
  const seen = new Map<string, string>();
  /** Greatest key that was known at a time, oldest first: the first one is a minute old. */
  const marks: { readonly key: string; readonly at: number }[] = [];
  let fullAt = 0;
  let slowAt = 0;
  let dailyAt = 0;

  const isOurs = ({ key }: LakeObject) => FIREHOSE_NAME.test(key.slice(root.length));

  const isNew = ({ key, etag }: LakeObject, known: string | undefined): boolean => {
    if (known !== undefined && known !== etag) {
      log.error({ code: 'LAKE_4004', key, etag, known }, 'an object was overwritten; not loaded');
    }
    return known === undefined;
  };

  const sorted = (found: readonly LakeObject[]): Discovered => ({
    objects: found.filter(isOurs),
    foreign: found.filter((each) => !isOurs(each)),
  });

  const mark = (found: readonly LakeObject[]) => {
    const known = marks.at(-1)?.key ?? '';
    const newest = found.findLast((object) => isOurs(object) && object.key > known);
    if (newest) marks.push({ key: newest.key, at: now() });
    while ((marks[1]?.at ?? Infinity) <= now() - RECENT_MS) marks.shift();
  };

  /** Where the listing of a window begins: an hour's folder, so that it holds the window's begin. */
  const windowStart = (ms: number): string => {
    const iso = new Date(now() - ms).toISOString();
    return `${root}dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/`;
  };

  return {
    async *everything(signal) {
      const ledgered = await ledger.days(signal);
      const remembered = windowStart(DAILY_WINDOW_MS);
      const compare = async (day: string, listed: readonly LakeObject[]) => {
        for (const { key, etag } of listed) if (key >= remembered) seen.set(key, etag);
        mark(listed);
        // Near days are compared by name, older ones only when their number differs.
        const isOld = `${day}/~` < remembered;
        if (isOld && ledgered.get(day) === listed.length) return { objects: [], foreign: [] };
        const known = ledgered.has(day) ? await ledger.day(day, signal) : new Map<string, string>();
        return sorted(listed.filter((object) => isNew(object, known.get(object.key))));
      };
      let day: string | undefined;
      let listed: LakeObject[] = [];
      for await (const page of listObjects(s3, { bucket, prefix: root }, signal)) {
        for (const object of page) {
          const its = dayOf(dataset, object.key);
          if (day !== undefined && its !== day) {
            yield await compare(day, listed);
            listed = [];
          }
          day = its;
          listed.push(object);
        }
      }
      if (day !== undefined) yield await compare(day, listed);
      [fullAt, slowAt, dailyAt] = [now(), now(), now()];
    },

    async discover(signal) {
      const at = now();
      const isDaily = at - dailyAt >= DAILY_EVERY_MS;
      const isSlow = isDaily || at - slowAt >= SLOW_EVERY_MS;
      const isFull = isSlow || at - fullAt >= FULL_EVERY_MS;
      const window = isDaily ? DAILY_WINDOW_MS : isSlow ? SLOW_WINDOW_MS : FAST_WINDOW_MS;
      const from = windowStart(window);
      // Names hold their time, so new ones mostly sort behind. What does not (late, or of another
      // version of the stream) is found by the next full look.
      const after = isFull ? from : (marks[0]?.key ?? from);
      const where = { bucket, prefix: root, after };
      const found: LakeObject[] = [];
      for await (const page of listObjects(s3, where, signal)) {
        for (const object of page) {
          const known = seen.get(object.key);
          if (isNew(object, known)) found.push(object);
          // Told once.
          else seen.set(object.key, object.etag);
        }
      }
      // Only a listing that came to its end counts.
      for (const { key, etag } of found) seen.set(key, etag);
      mark(found);
      if (isFull) fullAt = at;
      if (isSlow) slowAt = at;
      if (isDaily) {
        dailyAt = at;
        for (const key of seen.keys()) if (key < from) seen.delete(key);
      }
      return sorted(found);
    },
  };
}
