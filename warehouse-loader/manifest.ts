import { createHash } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
import { manifestKey } from '../schemas/lake-layout.ts';
import { BATCH_ID_LENGTH, type LakeObject, type LoadBatch } from './load-statements.ts';

/** Identity of a batch: the first hex digits of SHA-256 over its objects' keys and ETags. */
export function batchIdOf(objects: readonly LakeObject[]): string {
  const lines = objects.map(({ key, etag }) => `${key}\n${etag}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, BATCH_ID_LENGTH);
}

/**
 * The COPY manifest of a batch (Redshift developer guide, "Using a manifest to specify data
 * files"). `mandatory`, or an object that vanished would be skipped in silence; `content_length`,
 * without which COPY from Parquet refuses the manifest.
 */
export function manifestText(bucket: string, objects: readonly LakeObject[]): string {
  return JSON.stringify({
    entries: objects.map(({ key, bytes }) => ({
      url: `s3://${bucket}/${key}`,
      mandatory: true,
      meta: { content_length: bytes },
    })),
  });
}

/**
 * Puts a batch's manifest into the lake. The key follows from the content, so putting it again
 * changes nothing.
 *
 * @returns its `s3://` address.
 * @throws {PipelineError} LAKE_4002, retryable.
 */
export async function writeManifest(
  s3: S3Client,
  bucket: string,
  { dataset, batchId, objects }: LoadBatch,
  signal: AbortSignal,
): Promise<string> {
  const key = manifestKey(dataset, batchId);
  await putText(s3, { bucket, key, text: manifestText(bucket, objects) }, signal);
  return `s3://${bucket}/${key}`;
}

/** @throws {PipelineError} LAKE_4002, retryable. */
export async function putText(
  s3: S3Client,
  { bucket, key, text }: { readonly bucket: string; readonly key: string; readonly text: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: text,
        ContentType: 'application/json',
      }),
      { abortSignal: signal },
    );
  } catch (cause) {
    signal.throwIfAborted();
    throw new PipelineError('LAKE_4002', `s3://${bucket}/${key}: ${errorText(cause)}`, {
      cause,
      retryable: true,
    });
  }
}
