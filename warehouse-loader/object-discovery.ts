import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import type { LakeObject } from './load-statements.ts';

/** What a look into the lake found that no earlier one had. */
export interface Discovered {
  readonly objects: readonly LakeObject[];
  /** Objects whose name Firehose never gives: not the pipeline's. */
  readonly foreign: readonly LakeObject[];
}

export interface ObjectDiscovery {
  /**
   * Lists the lake and gives each object once. Which one is new is decided by the ledger, never by
   * a moving cursor: keys sort by arrival and a random name, and objects appear late.
   *
   * @throws {PipelineError} LAKE_4002, retryable unless the bucket or a permission is missing.
   */
  discover(signal: AbortSignal): Promise<Discovered>;
}

export interface ObjectDiscoveryOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: TableDataset;
  /** ETag by key of every object that the warehouse's ledger names. */
  readonly ledger: ReadonlyMap<string, string>;
  readonly log: Logger;
  readonly now?: () => number;
}

const HOUR_MS = 3_600_000;
/** Every look: the hours in which objects appear when all is well. */
const FAST_HOURS = 2;
/** Every ten minutes: as long as Firehose retries a delivery, and some. */
const SLOW_MS = 600_000;
const SLOW_HOURS = 26;
/** Every day: what somebody may have copied back. */
const DAILY_MS = 24 * HOUR_MS;
const DAILY_HOURS = 72;

/**
 * `dt=2025-07-01/hour=13/<name>.parquet`, and only characters that need no care in SQL or JSON.
 * Long names are no names of Firehose, and the ledger's statement has a limit.
 */
const FIREHOSE_NAME = /^dt=\d{4}-\d{2}-\d{2}\/hour=\d{2}\/[A-Za-z0-9._-]{1,200}\.parquet$/;

const FATAL = new Set(['NoSuchBucket', 'AccessDenied', 'PermanentRedirect']);

export function createObjectDiscovery(options: ObjectDiscoveryOptions): ObjectDiscovery {
  const { s3, bucket, dataset, log } = options;
  const now = options.now ?? Date.now;
  const root = processedPrefix(dataset);
  const seen = new Map(options.ledger);
  let everythingListed = false;
  let slowAt = 0;
  let dailyAt = 0;

  /** Prefixes to look into now; only a look that succeeded counts. */
  const due = (): { readonly prefixes: string[]; readonly listed: () => void } => {
    const at = now();
    if (!everythingListed) {
      return {
        prefixes: [root],
        listed: () => {
          everythingListed = true;
          [slowAt, dailyAt] = [at, at];
        },
      };
    }
    if (at - dailyAt >= DAILY_MS) {
      return {
        prefixes: hourPrefixes(root, at, DAILY_HOURS),
        listed: () => {
          [slowAt, dailyAt] = [at, at];
          forgetBefore(at - DAILY_HOURS * HOUR_MS);
        },
      };
    }
    if (at - slowAt >= SLOW_MS) {
      return { prefixes: hourPrefixes(root, at, SLOW_HOURS), listed: () => (slowAt = at) };
    }
    return { prefixes: hourPrefixes(root, at, FAST_HOURS), listed: () => undefined };
  };

  /** Bounds the memory: no later look lists what lies before the longest window. */
  const forgetBefore = (ms: number) => {
    const oldest = hourPrefix(root, ms);
    for (const key of seen.keys()) if (key < oldest) seen.delete(key);
  };

  const isNew = ({ key, etag }: LakeObject): boolean => {
    const known = seen.get(key);
    if (known !== undefined && known !== etag) {
      log.error({ code: 'LAKE_4004', key, etag, known }, 'an object was overwritten; not loaded');
    }
    seen.set(key, etag);
    return known === undefined;
  };

  return {
    async discover(signal) {
      const { prefixes, listed } = due();
      const found: LakeObject[] = [];
      for (const prefix of prefixes) found.push(...(await list(s3, bucket, prefix, signal)));
      listed();
      const fresh = found.filter(isNew);
      const isOurs = ({ key }: LakeObject) => FIREHOSE_NAME.test(key.slice(root.length));
      return { objects: fresh.filter(isOurs), foreign: fresh.filter((each) => !isOurs(each)) };
    },
  };
}

function hourPrefix(root: string, ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${root}dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}/`;
}

/** The hour of `at`, the next one (clocks differ), and so many before it. */
function hourPrefixes(root: string, at: number, hours: number): string[] {
  return Array.from({ length: hours + 2 }, (_, index) =>
    hourPrefix(root, at + HOUR_MS - index * HOUR_MS),
  );
}

async function list(
  s3: S3Client,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
): Promise<LakeObject[]> {
  const objects: LakeObject[] = [];
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      ContinuationToken: token,
    });
    const page = await s3.send(command, { abortSignal: signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      const name = cause instanceof Error ? cause.name : '';
      throw new PipelineError('LAKE_4002', `s3://${bucket}/${prefix}: ${errorText(cause)}`, {
        cause,
        retryable: !FATAL.has(name),
      });
    });
    for (const { Key, ETag, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined || ETag === undefined) continue;
      objects.push({
        key: Key,
        etag: ETag.replaceAll('"', ''),
        bytes: Size ?? 0,
        modifiedMs: LastModified?.getTime() ?? 0,
      });
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return objects;
}
