import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { bucketError, listKeys, listPages } from './key-listing.ts';

/** One bucket, with every failure as LAKE_4002: retryable unless the bucket or a right is missing. */
export interface Bucket {
  /** All keys under a prefix, in byte order (S3 API reference, "ListObjectsV2"). */
  keys(prefix: string, signal: AbortSignal): Promise<string[]>;
  /** The folders directly under a prefix, each ending with `/`, in byte order. */
  folders(prefix: string, signal: AbortSignal): Promise<string[]>;
  /** @returns the object's bytes, or undefined where there is none. */
  get(key: string, signal: AbortSignal): Promise<Buffer | undefined>;
  put(key: string, body: Buffer | string, signal: AbortSignal): Promise<void>;
  /**
   * Writes an object unless it is there already (`If-None-Match: *`).
   *
   * @returns whether it was written.
   */
  putNew(key: string, body: Buffer, signal: AbortSignal): Promise<boolean>;
}

export function openBucket(client: S3Client, name: string): Bucket {
  const failed = (key: string, cause: unknown, signal: AbortSignal) =>
    bucketError({ bucket: name, key }, cause, signal);

  return {
    keys: (prefix, signal) => listKeys(client, { bucket: name, prefix }, signal),

    async folders(prefix, signal) {
      const folders: string[] = [];
      const where = { bucket: name, prefix, delimiter: '/' };
      for await (const { CommonPrefixes } of listPages(client, where, signal)) {
        for (const { Prefix } of CommonPrefixes ?? []) if (Prefix) folders.push(Prefix);
      }
      return folders;
    },

    async get(key, signal) {
      try {
        const command = new GetObjectCommand({ Bucket: name, Key: key });
        const { Body } = await client.send(command, { abortSignal: signal });
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      } catch (cause) {
        if (errorName(cause) === 'NoSuchKey') return undefined;
        throw failed(key, cause, signal);
      }
    },

    async put(key, body, signal) {
      const command = new PutObjectCommand({ Bucket: name, Key: key, Body: body });
      await client.send(command, { abortSignal: signal }).catch((cause: unknown) => {
        throw failed(key, cause, signal);
      });
    },

    async putNew(key, body, signal) {
      const command = new PutObjectCommand({
        ...{ Bucket: name, Key: key, Body: body, IfNoneMatch: '*' },
      });
      try {
        await client.send(command, { abortSignal: signal });
        return true;
      } catch (cause) {
        if (errorName(cause) === 'PreconditionFailed') return false;
        throw failed(key, cause, signal);
      }
    },
  };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
