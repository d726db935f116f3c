import { z } from 'zod';
import { CopyError, scanError } from './copy-error.ts';

/** Reads an object's bytes; undefined when there is none. */
export type FetchObject = (bucket: string, key: string) => Promise<Uint8Array | undefined>;

/** Lists the keys that begin with a prefix, in byte order. */
export type ListKeys = (bucket: string, prefix: string) => Promise<readonly string[]>;

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/** An object to load; `contentLength` is what the manifest says of its size in bytes. */
export interface SourceObject extends ObjectAddress {
  readonly mandatory: boolean;
  readonly contentLength: number | undefined;
}

const manifestSchema = z.object({
  entries: z
    .array(
      z.object({
        url: z.string().regex(/^s3:\/\/[^/]+\/.+$/),
        mandatory: z.boolean().default(false),
        meta: z.object({ content_length: z.number().int().nonnegative() }).optional(),
      }),
    )
    .min(1),
});

/**
 * Reads a manifest of columnar files (loading-data-files-using-manifest).
 *
 * @throws {CopyError} when it is missing, no manifest, or an entry has no `meta.content_length`.
 */
export async function readManifest(
  { bucket, key }: ObjectAddress,
  fetchObject: FetchObject,
): Promise<readonly SourceObject[]> {
  const bytes = await fetchObject(bucket, key);
  if (!bytes) {
    throw new CopyError(
      'Problem reading manifest file - S3ServiceException:The specified key does not exist.,' +
        `Status 404,Error NoSuchKey (s3://${bucket}/${key})`,
    );
  }
  let entries: z.infer<typeof manifestSchema>['entries'];
  try {
    entries = manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).entries;
  } catch (cause) {
    throw new CopyError(`Invalid manifest file s3://${bucket}/${key}`, cause);
  }
  return entries.map(({ url, mandatory, meta }) => {
    if (!meta) throw scanError(15003, `File entry does not have 'meta' key. (${url})`);
    return { ...addressOf(url), mandatory, contentLength: meta.content_length };
  });
}

/** Every object whose key begins with the prefix: COPY without MANIFEST means no exact key. */
export async function listPrefix(
  { bucket, key }: ObjectAddress,
  listKeys: ListKeys | undefined,
): Promise<readonly SourceObject[]> {
  if (!listKeys) throw new CopyError('COPY without MANIFEST needs a listing of the bucket');
  const keys = await listKeys(bucket, key);
  if (keys.length === 0) {
    throw new CopyError(`The specified S3 prefix '${key}' does not exist`);
  }
  return keys.map((found) => ({ bucket, key: found, mandatory: true, contentLength: undefined }));
}

/** @returns undefined for an object that is not there and need not be. */
export async function fetchSource(
  source: SourceObject,
  fetchObject: FetchObject,
): Promise<Uint8Array | undefined> {
  const url = `s3://${source.bucket}/${source.key}`;
  const bytes = await fetchObject(source.bucket, source.key);
  if (!bytes) {
    if (!source.mandatory) return undefined;
    throw new CopyError(
      `S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey (${url})`,
    );
  }
  if (source.contentLength !== undefined && source.contentLength !== bytes.length) {
    throw new CopyError(
      `S3 Query Exception (Fetch): content_length of ${url} is ${source.contentLength} in the ` +
        `manifest, the object has ${bytes.length} bytes`,
    );
  }
  return bytes;
}

function addressOf(url: string): ObjectAddress {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
  return { bucket: match?.[1] ?? '', key: match?.[2] ?? '' };
}
