import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { hasErrorCode, syncFolder, writeDurably } from '../durable-files.ts';
import type { FinishedDigests } from './body-digests.ts';
import type { ObjectRecord } from './object-record.ts';
import { fileBody, type ObjectStore, writeBody } from './object-store.ts';
import { S3Error } from './s3-error.ts';

/** Every part but the last must be so large. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

const uploadSchema = z.strictObject({
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  initiatedMs: z.number(),
});

const partSchema = z.strictObject({
  number: z.number(),
  file: z.string(),
  size: z.number(),
  /** MD5 in hex. */
  etag: z.string(),
  /** Base64. */
  crc32: z.string(),
  lastModifiedMs: z.number(),
});

export type UploadedPart = z.infer<typeof partSchema>;

export interface CompletedPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32?: string;
}

/**
 * Multipart uploads: each is a folder of parts beside the bucket's objects until it is completed or
 * aborted. Protocol: S3 user guide, "Uploading and copying objects using multipart upload".
 */
export class MultipartUploads {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @returns the upload's id. @throws {S3Error} NoSuchBucket */
  async create(
    bucket: string,
    key: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<string> {
    await this.#store.requireBucket(bucket);
    const id = randomUUID();
    const folder = join(this.#store.uploadsFolder(bucket), id);
    await mkdir(folder);
    await syncFolder(this.#store.uploadsFolder(bucket));
    const upload: z.infer<typeof uploadSchema> = { key, headers, initiatedMs: Date.now() };
    await writeDurably(join(folder, 'upload.json'), JSON.stringify(upload));
    return id;
  }

  /** Takes a part; a part of the same number is replaced. @throws {S3Error} NoSuchUpload */
  async putPart(
    bucket: string,
    key: string,
    id: string,
    number: number,
    body: AsyncIterable<Buffer>,
    verify: (digests: FinishedDigests) => void,
  ): Promise<UploadedPart> {
    const { folder } = await this.#require(bucket, key, id);
    const temporary = join(folder, `${randomUUID()}.tmp`);
    try {
      const digests = await writeBody(temporary, body);
      verify(digests);
      const etag = digests.md5.toString('hex');
      const part: UploadedPart = {
        number,
        file: `${number}-${etag}`,
        size: digests.size,
        etag,
        crc32: digests.crc32.toString('base64'),
        lastModifiedMs: Date.now(),
      };
      await rename(temporary, join(folder, part.file));
      await writeDurably(join(folder, `part-${number}.json`), JSON.stringify(part));
      return part;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** The parts so far, by number. @throws {S3Error} NoSuchUpload */
  async parts(bucket: string, key: string, id: string): Promise<readonly UploadedPart[]> {
    const { folder } = await this.#require(bucket, key, id);
    const names = (await readdir(folder)).filter((name) => /^part-\d+\.json$/.test(name));
    const parts = await Promise.all(
      names.map(async (name) =>
        partSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))),
      ),
    );
    return parts.sort((a, b) => a.number - b.number);
  }

  /**
   * Joins the named parts into the object.
   *
   * @throws {S3Error} NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed.
   */
  async complete(
    bucket: string,
    key: string,
    id: string,
    named: readonly CompletedPart[],
    isNew: boolean,
  ): Promise<ObjectRecord> {
    const { folder, upload } = await this.#require(bucket, key, id);
    const parts = chooseParts(named, await this.parts(bucket, key, id));
    const record = await this.#store.put(
      bucket,
      key,
      joined(parts.map(({ file }) => join(folder, file))),
      { headers: upload.headers, isNew, identity: compositeIdentity(parts) },
    );
    await rm(folder, { recursive: true });
    return record;
  }

  /** @throws {S3Error} NoSuchUpload */
  async abort(bucket: string, key: string, id: string): Promise<void> {
    const { folder } = await this.#require(bucket, key, id);
    await rm(folder, { recursive: true });
  }

  async #require(bucket: string, key: string, id: string) {
    await this.#store.requireBucket(bucket);
    const missing = new S3Error('NoSuchUpload', 'The specified upload does not exist.');
    if (!/^[0-9a-f-]{36}$/.test(id)) throw missing;
    const folder = join(this.#store.uploadsFolder(bucket), id);
    try {
      const text = await readFile(join(folder, 'upload.json'), 'utf8');
      const upload = uploadSchema.parse(JSON.parse(text));
      if (upload.key !== key) throw missing;
      return { folder, upload };
    } catch (error) {
      throw hasErrorCode(error, 'ENOENT') ? missing : error;
    }
  }
}

/** Checks the list of a CompleteMultipartUpload against what was uploaded. */
function chooseParts(
  named: readonly CompletedPart[],
  uploaded: readonly UploadedPart[],
): readonly UploadedPart[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  return named.map(({ number, etag, crc32: checksum }, index) => {
    const before = named[index - 1];
    if (before !== undefined && before.number >= number) {
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    const part = byNumber.get(number);
    if (part?.etag !== etag || (checksum ?? part.crc32) !== part.crc32) {
      throw new S3Error(
        'InvalidPart',
        `Part ${number} could not be found or has another ETag or checksum.`,
      );
    }
    if (index < named.length - 1 && part.size < MIN_PART_BYTES) {
      throw new S3Error(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    }
    return part;
  });
}

/** ETag and CRC32 of the object: digests over the parts' digests, and the number of parts. */
export function compositeIdentity(
  parts: readonly Pick<UploadedPart, 'etag' | 'crc32'>[],
): Pick<ObjectRecord, 'etag' | 'crc32'> {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(Buffer.concat(parts.map((part) => Buffer.from(part.crc32, 'base64')))));
  return {
    etag: `${md5.digest('hex')}-${parts.length}`,
    crc32: `${crc.toString('base64')}-${parts.length}`,
  };
}

async function* joined(paths: readonly string[]): AsyncGenerator<Buffer, void> {
  for (const path of paths) yield* fileBody(path);
}
