import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

export interface ObjectsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

const DOWNLOADS_AT_ONCE = 8;

/**
 * Copies every object under a prefix into a folder, several at a time.
 *
 * @returns the files, in the order of the keys.
 */
export async function downloadObjects(options: ObjectsOptions, folder: string): Promise<string[]> {
  const keys = await listKeys(options);
  const files = keys.map((_, index) => path.join(folder, `${index}.parquet`));
  const waiting = keys.entries();
  const download = async () => {
    for (const [index, key] of waiting) {
      const { client, bucket, signal } = options;
      const object = new GetObjectCommand({ Bucket: bucket, Key: key });
      const { Body } = await client.send(object, { abortSignal: signal });
      if (!(Body instanceof Readable)) throw new TypeError(`${key} came without a body`);
      await pipeline(Body, createWriteStream(files[index] ?? ''), { signal });
    }
  };
  await Promise.all(Array.from({ length: DOWNLOADS_AT_ONCE }, download));
  return files;
}

async function listKeys({ client, bucket, prefix, signal }: ObjectsOptions): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken }),
      { abortSignal: signal },
    );
    for (const { Key, Size } of page.Contents ?? []) if (Key && Size !== 0) keys.push(Key);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return keys;
}
