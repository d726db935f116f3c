import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { errorText, PipelineError } from '../pipeline-error.ts';

const FATAL = new Set(['NoSuchBucket', 'AccessDenied', 'PermanentRedirect']);

/** A failure of the bucket as LAKE_4002: retryable unless the bucket or a right is missing. */
export function bucketError(
  place: { readonly bucket: string; readonly key: string },
  cause: unknown,
  signal: AbortSignal,
): PipelineError {
  signal.throwIfAborted();
  const { bucket, key } = place;
  const name = cause instanceof Error ? cause.name : '';
  return new PipelineError('LAKE_4002', `s3://${bucket}/${key}: ${errorText(cause)}`, {
    cause,
    retryable: !FATAL.has(name),
    context: { key },
  });
}

/**
 * Lists a prefix page by page, in byte order (S3 API reference, "ListObjectsV2").
 *
 * @throws {PipelineError} LAKE_4002.
 */
export async function* listPages(
  client: S3Client,
  where: { readonly bucket: string; readonly prefix: string; readonly delimiter?: string },
  signal: AbortSignal,
) {
  const { bucket, prefix, delimiter } = where;
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      ...{ Bucket: bucket, Prefix: prefix, Delimiter: delimiter, ContinuationToken: token },
    });
    const page = await client.send(command, { abortSignal: signal }).catch((cause: unknown) => {
      throw bucketError({ bucket, key: prefix }, cause, signal);
    });
    yield page;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** @returns all keys under a prefix. Throws as {@link listPages} does. */
export async function listKeys(
  client: S3Client,
  where: { readonly bucket: string; readonly prefix: string },
  signal: AbortSignal,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { Contents } of listPages(client, where, signal)) {
    for (const { Key } of Contents ?? []) if (Key !== undefined) keys.push(Key);
  }
  return keys;
}
