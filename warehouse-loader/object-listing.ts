import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
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
            key: Key,
            etag: ETag.replaceAll('"', ''),
            bytes: Size ?? 0,
            modifiedMs: LastModified?.getTime() ?? 0,
          },
    );
    token = page.NextContinuationToken;
  } while (token !== undefined);
}
