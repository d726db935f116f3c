import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { bucketError } from '../../runtime/s3/key-listing.ts';

/** An object as it stood when it was read. */
export interface StoredObject {
  readonly bytes: Buffer;
  /** Without quotes. */
  readonly etag: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** Objects of one bucket that are read, changed and put back. */
export interface StoredObjects {
  /** @returns undefined where there is none. @throws {PipelineError} LAKE_4002. */
  get(key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Puts new bytes in the place of those that were read (S3 user guide, "Conditional writes").
   *
   * @returns the new ETag; undefined when another writer came between.
   * @throws {PipelineError} LAKE_4002.
   */
  replace(
    key: string,
    object: StoredObject,
    bytes: Buffer,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

const OVERTAKEN = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']);

export function storedObjects(client: S3Client, bucket: string): StoredObjects {
  return {
    async get(key, signal) {
      try {
        const command = new GetObjectCommand({ Bucket: bucket, Key: key });
        const object = await client.send(command, { abortSignal: signal });
        return {
          bytes: Buffer.from((await object.Body?.transformToByteArray()) ?? []),
          etag: unquoted(object.ETag),
          contentType: object.ContentType,
          contentEncoding: object.ContentEncoding,
        };
      } catch (cause) {
        if (errorName(cause) === 'NoSuchKey') return undefined;
        throw bucketError({ bucket, key }, cause, signal);
      }
    },
    async replace(key, { etag, contentType, contentEncoding }, bytes, signal) {
      const command = new PutObjectCommand({
        ...{ Bucket: bucket, Key: key, Body: bytes, IfMatch: `"${etag}"` },
        ...{ ContentType: contentType, ContentEncoding: contentEncoding },
      });
      try {
        return unquoted((await client.send(command, { abortSignal: signal })).ETag);
      } catch (cause) {
        if (OVERTAKEN.has(errorName(cause))) return undefined;
        throw bucketError({ bucket, key }, cause, signal);
      }
    },
  };
}

const unquoted = (etag = '') => etag.replaceAll('"', '');

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
