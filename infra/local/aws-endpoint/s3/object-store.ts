import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode, syncFolder, writeDurably } from '../durable-files.ts';
import { BodyDigests, type FinishedDigests } from './body-digests.ts';
import { BucketIndex, readRecord } from './bucket-index.ts';
import { flatName, isBucketName } from './object-names.ts';
import type { ObjectRecord } from './object-record.ts';
import { S3Error } from './s3-error.ts';

/** A temporary file older than this belongs to no running process. */
const ABANDONED_MS = 60 * 60 * 1000;

export interface PutOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** `If-None-Match: *`. */
  readonly isNew?: boolean;
  /** `If-Match`: the ETag of the object that is replaced. */
  readonly replaces?: string;
  /** Judges the body before the object exists; throws to refuse it. */
  readonly verify?: (digests: FinishedDigests) => void;
  /** What the record says instead of the body's own digests (multipart). */
  readonly identity?: Pick<ObjectRecord, 'etag' | 'crc32'>;
}

/**
 * Buckets and objects as files under one folder:
 * `<bucket>/objects/<version>~<flat key>` holds bytes, `<bucket>/records/<flat key>` the record that
 * names them. An object exists from the moment its record is renamed into place, so readers never
 * meet one half; bytes and record are fsynced before that.
 */
export class ObjectStore {
  readonly #folder: string;
  readonly #indexes = new Map<string, BucketIndex>();
  /** Last change under way of each record. */
  readonly #changes = new Map<string, Promise<unknown>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens the folder, makes it if need be, and removes what a killed process left half done. */
  static async open(folder: string): Promise<ObjectStore> {
    await mkdir(folder, { recursive: true });
    const store = new ObjectStore(folder);
    for (const bucket of await store.buckets()) await store.#removeAbandoned(bucket);
    return store;
  }

  async buckets(): Promise<readonly string[]> {
    return (await readdir(this.#folder)).filter(isBucketName).sort();
  }

  /** @returns false if it exists. */
  async createBucket(bucket: string): Promise<boolean> {
    if (!isBucketName(bucket)) {
      throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.');
    }
    if (await this.hasBucket(bucket)) return false;
    for (const part of ['objects', 'temporary', 'uploads', 'records']) {
      await mkdir(join(this.#folder, bucket, part), { recursive: true });
    }
    await syncFolder(join(this.#folder, bucket));
    await syncFolder(this.#folder);
    return true;
  }

  async deleteBucket(bucket: string): Promise<void> {
    if ((await this.list(bucket)).length > 0) {
      throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty');
    }
    await rm(join(this.#folder, bucket), { recursive: true });
    this.#indexes.delete(bucket);
  }

  /** The folder of records is made last: with it the bucket exists. */
  async hasBucket(bucket: string): Promise<boolean> {
    if (!isBucketName(bucket)) return false;
    try {
      return (await stat(join(this.#folder, bucket, 'records'))).isDirectory();
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** @throws {S3Error} NoSuchBucket */
  async requireBucket(bucket: string): Promise<void> {
    if (!(await this.hasBucket(bucket))) {
      throw new S3Error('NoSuchBucket', `The specified bucket does not exist: ${bucket}`);
    }
  }

  /** All objects of a bucket in UTF-8 byte order of their keys. @throws {S3Error} NoSuchBucket */
  async list(bucket: string): Promise<readonly ObjectRecord[]> {
    await this.requireBucket(bucket);
    return this.#index(bucket).objects();
  }

  /**
   * Puts an object; it is durable when the call returns.
   *
   * @throws {S3Error} NoSuchBucket, PreconditionFailed, NoSuchKey, and what `verify` throws.
   */
  async put(
    bucket: string,
    key: string,
    body: AsyncIterable<Buffer>,
    { headers = {}, isNew = false, replaces, verify, identity }: PutOptions = {},
  ): Promise<ObjectRecord> {
    await this.requireBucket(bucket);
    const flat = flatName(key);
    const file = `${randomBytes(6).toString('hex')}~${flat}`;
    const temporary = join(this.#folder, bucket, 'temporary', file);
    try {
      const digests = await writeBody(temporary, body);
      verify?.(digests);
      const record: ObjectRecord = {
        key,
        file,
        size: digests.size,
        etag: identity?.etag ?? digests.md5.toString('hex'),
        lastModifiedMs: Date.now(),
        crc32: identity?.crc32 ?? digests.crc32.toString('base64'),
        headers,
      };
      await this.#inTurn(`${bucket}/${flat}`, () =>
        this.#commit(bucket, flat, temporary, record, { isNew, replaces }),
      );
      return record;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async head(bucket: string, key: string): Promise<ObjectRecord | undefined> {
    const record = await readRecord(this.#recordPath(bucket, flatName(key)));
    return record?.key === key ? record : undefined;
  }

  #pathOf(bucket: string, record: ObjectRecord): string {
    return join(this.#folder, bucket, 'objects', record.file);
  }

  /** @returns the object's record and its open file, or undefined where there is none. */
  async open(bucket: string, key: string) {
    for (;;) {
      const record = await this.head(bucket, key);
      if (record === undefined) return undefined;
      try {
        return { record, file: await open(this.#pathOf(bucket, record), 'r') };
      } catch (error) {
        // Overwritten between the two reads: the new record names another file.
        if (!hasErrorCode(error, 'ENOENT')) throw error;
      }
    }
  }

  /** An object's bytes, or undefined where there is none. */
  async read(bucket: string, key: string): Promise<Buffer | undefined> {
    const opened = await this.open(bucket, key);
    if (opened === undefined) return undefined;
    try {
      return await opened.file.readFile();
    } finally {
      await opened.file.close();
    }
  }

  /** Deletes an object if it exists. */
  async delete(bucket: string, key: string): Promise<void> {
    await this.requireBucket(bucket);
    const flat = flatName(key);
    await this.#inTurn(`${bucket}/${flat}`, async () => {
      const record = await this.head(bucket, key);
      if (record === undefined) return;
      await rm(this.#recordPath(bucket, flat), { force: true });
      await syncFolder(join(this.#folder, bucket, 'records'));
      await this.#index(bucket).forget(flat);
      await rm(this.#pathOf(bucket, record), { force: true });
    });
  }

  /** Folder for the parts of a bucket's multipart uploads. */
  uploadsFolder(bucket: string): string {
    return join(this.#folder, bucket, 'uploads');
  }

  async #commit(
    bucket: string,
    flat: string,
    temporary: string,
    record: ObjectRecord,
    { isNew, replaces }: { readonly isNew: boolean; readonly replaces: string | undefined },
  ): Promise<void> {
    const replaced = await this.head(bucket, record.key);
    if (replaces !== undefined && replaced === undefined) {
      throw new S3Error('NoSuchKey', 'The specified key does not exist.');
    }
    if (replaces !== undefined && replaced?.etag !== replaces) throw preconditionFailed();
    const path = this.#pathOf(bucket, record);
    await rename(temporary, path);
    await syncFolder(join(this.#folder, bucket, 'objects'));
    const isWritten = await writeDurably(this.#recordPath(bucket, flat), JSON.stringify(record), {
      isNew,
      temporaryFolder: join(this.#folder, bucket, 'temporary'),
    });
    if (!isWritten) {
      await rm(path, { force: true });
      throw preconditionFailed();
    }
    await this.#index(bucket).forget(flat);
    if (replaced !== undefined) await rm(this.#pathOf(bucket, replaced), { force: true });
  }

  /** Changes of one record follow each other, so that each removes the bytes of the one before. */
  async #inTurn(name: string, change: () => Promise<void>): Promise<void> {
    const turn = (this.#changes.get(name) ?? Promise.resolve()).then(change, change);
    this.#changes.set(name, turn);
    try {
      await turn;
    } finally {
      if (this.#changes.get(name) === turn) this.#changes.delete(name);
    }
  }

  #recordPath(bucket: string, flat: string): string {
    return join(this.#folder, bucket, 'records', flat);
  }

  #index(bucket: string): BucketIndex {
    let index = this.#indexes.get(bucket);
    if (index === undefined) {
      index = new BucketIndex(join(this.#folder, bucket, 'records'));
      this.#indexes.set(bucket, index);
    }
    return index;
  }

  async #removeAbandoned(bucket: string): Promise<void> {
    const folder = join(this.#folder, bucket, 'temporary');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (Date.now() - (await stat(path)).mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }
}

/** Writes a body to a new file and fsyncs it. */
export async function writeBody(
  path: string,
  body: AsyncIterable<Buffer>,
): Promise<FinishedDigests> {
  const digests = new BodyDigests();
  const handle = await open(path, 'wx');
  try {
    for await (const chunk of body) {
      digests.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return digests.finish();
}

/** The bytes of a file, as a body to put. */
export function fileBody(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: 1024 * 1024 });
}

function preconditionFailed(): S3Error {
  return new S3Error(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
  );
}
