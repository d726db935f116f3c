import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import { dayOf } from './ledger.ts';
import type { LakeObject } from './load-statements.ts';

const FATAL = new Set(['NoSuchBucket', 'AccessDenied', 'PermanentRedirect']);

/**
 * Lists objects page by page, in the byte order of their keys. Listing is strongly consistent
 * (S3 user guide, "Amazon S3 data consistency model").
 *
 * @param after only keys behind this one.
 * @throws {PipelineError} LAKE_4002, retryable unless the bucket or a permission is missing.
 */
export async function* listObjects(
  s3: S3Client,
  where: { readonly bucket: string; readonly prefix: string; readonly after?: string | undefined },
  signal: AbortSignal,
): AsyncGenerator<LakeObject[]> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: where.bucket,
      Prefix: where.prefix,
      // A key may hold what no XML can (API_ListObjectsV2, `encoding-type`).
      EncodingType: 'url',
      StartAfter: where.after,
      ContinuationToken: token,
    });
    const page = await s3.send(command, { abortSignal: signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      const name = cause instanceof Error ? cause.name : '';
      const place = `s3://${where.bucket}/${where.prefix}`;
      throw new PipelineError('LAKE_4002', `${place}: ${errorText(cause)}`, {
        cause,
        retryable: !FATAL.has(name),
      });
    });
    yield (page.Contents ?? []).flatMap(({ Key, ETag, Size, LastModified }) =>
      Key === undefined || ETag === undefined
        ? []
        : {
            key: decodeURIComponent(Key.replaceAll('+', ' ')),
            etag: ETag.replaceAll('"', ''),
            bytes: Size ?? 0,
            modifiedMs: LastModified?.getTime() ?? 0,
          },
    );
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/**
 * Lists all objects of a dataset, a day at a time: the key as far as the day goes, and what lies
 * under it. Throws as {@link listObjects} does.
 */
export async function* listDays(
  s3: S3Client,
  { bucket, dataset }: { readonly bucket: string; readonly dataset: LakeDataset },
  signal: AbortSignal,
): AsyncGenerator<readonly [day: string, objects: readonly LakeObject[]]> {
  let day = '';
  let listed: LakeObject[] = [];
  for await (const page of listObjects(s3, { bucket, prefix: processedPrefix(dataset) }, signal)) {
    for (const object of page) {
      const its = dayOf(dataset, object.key);
      if (its !== day && listed.length > 0) {
        yield [day, listed];
        listed = [];
      }
      day = its;
      listed.push(object);
    }
  }
  if (listed.length > 0) yield [day, listed];
}
