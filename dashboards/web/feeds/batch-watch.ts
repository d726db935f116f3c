import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { waitOrAbort } from '../../../runtime/abortable-wait.ts';
import { errorText, PipelineError } from '../../../runtime/pipeline-error.ts';
import { announcementVersion } from '../../../schemas/format-version.ts';

/** What the loader says of its latest batch; it may say more. */
const loadedBatchSchema = z.looseObject({ version: announcementVersion, batch_id: z.string() });
export type LoadedBatch = z.infer<typeof loadedBatchSchema>;

/** The loader's latest batch. */
export interface LatestBatch {
  /** Differs after every batch; null before the first one. */
  readonly etag: string | null;
  /** Null before the first batch, or when the object cannot be understood. */
  readonly batch: LoadedBatch | null;
}

export interface BatchWatch {
  /**
   * Asks S3, never the warehouse: an idle warehouse stays asleep.
   *
   * @throws {PipelineError} LAKE_4004 when S3 does not answer.
   */
  latest(options: { readonly signal: AbortSignal }): Promise<LatestBatch>;
}

/** Watches the object that the loader overwrites after each batch, by its ETag. */
export function createBatchWatch(options: {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly key: string;
}): BatchWatch {
  const { s3 } = options;
  const object = { Bucket: options.bucket, Key: options.key };
  let known: LatestBatch = { etag: null, batch: null };
  return {
    async latest({ signal }) {
      try {
        const head = await s3.send(new HeadObjectCommand(object), { abortSignal: signal });
        if (head.ETag !== known.etag) {
          const found = await s3.send(new GetObjectCommand(object), { abortSignal: signal });
          const text = await found.Body?.transformToString('utf8');
          known = { etag: found.ETag ?? null, batch: parseBatch(text ?? '') };
        }
      } catch (cause) {
        signal.throwIfAborted();
        if (!isAbsent(cause)) {
          throw new PipelineError('LAKE_4004', `${options.key}: ${errorText(cause)}`, {
            cause,
            retryable: true,
            context: { key: options.key },
          });
        }
        known = { etag: null, batch: null };
      }
      return known;
    },
  };
}

/** Longer than anybody waits: whoever asks gives up earlier, and knows why. */
const LOOK_TIMEOUT_MS = 15_000;

/**
 * One look for all who ask at the same time or shortly after: many feeds follow the same batches.
 *
 * @param options.keepMs how long an answer counts.
 * @param options.signal ends a look that is under way.
 */
export function shareLooks(
  watch: BatchWatch,
  options: {
    readonly keepMs: number;
    readonly signal: AbortSignal;
    readonly now?: () => number;
  },
): BatchWatch {
  const { keepMs, now = Date.now } = options;
  let kept: { readonly latest: LatestBatch; readonly atMs: number } | undefined;
  let looking: Promise<LatestBatch> | undefined;

  async function look(): Promise<LatestBatch> {
    try {
      // Not the signal of one of those who ask: the others wait too.
      const signal = AbortSignal.any([options.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
      const latest = await watch.latest({ signal });
      kept = { latest, atMs: now() };
      return latest;
    } finally {
      looking = undefined;
    }
  }

  return {
    latest({ signal }) {
      if (kept && now() - kept.atMs < keepMs) return Promise.resolve(kept.latest);
      looking ??= look();
      return waitOrAbort(looking, signal);
    },
  };
}

/** The batches of several datasets as one: another one of either is news. The first one's is told. */
export function joinBatches(watches: readonly BatchWatch[]): BatchWatch {
  return {
    async latest(options) {
      const found = await Promise.all(watches.map((watch) => watch.latest(options)));
      return {
        etag: found.map(({ etag }) => etag ?? '').join(' '),
        batch: found[0]?.batch ?? null,
      };
    },
  };
}

/** HEAD has no body to carry a code: S3 answers a missing key with a bare 404. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey');
}

function parseBatch(text: string): LoadedBatch | null {
  try {
    return loadedBatchSchema.parse(JSON.parse(text));
  } catch {
    // That the object has changed is all that matters; what it says is for people.
    return null;
  }
}
