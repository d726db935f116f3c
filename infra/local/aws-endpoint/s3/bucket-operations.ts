import { BadContinuationToken, type Listing, type ListingRequest, listPage } from './listing.ts';
import type { ObjectRecord } from './object-record.ts';
import type { ObjectStore } from './object-store.ts';
import { noContent, quoted, type S3Call, type S3Reply, xmlReply } from './s3-call.ts';
import { S3Error } from './s3-error.ts';
import { element, xmlDocument } from './xml.ts';

const MAX_KEYS = 1000;
/** More is no number of keys to S3: what it reads is an int. */
const MAX_MAX_KEYS = 2 ** 31 - 1;

/** Region where creating one's own bucket again succeeds. */
const FIRST_REGION = 'us-east-1';

/** Operations on buckets. Protocol: S3 API reference, the pages of the same names. */
export function bucketOperations(store: ObjectStore) {
  return {
    async ListBuckets(): Promise<S3Reply> {
      const buckets = (await store.buckets()).map((name) =>
        element('Bucket', [element('Name', name)]),
      );
      return xmlReply(xmlDocument('ListAllMyBucketsResult', [element('Buckets', buckets)]));
    },

    async CreateBucket({ bucket, region, request }: S3Call): Promise<S3Reply> {
      request.resume();
      if (!(await store.createBucket(bucket)) && region !== FIRST_REGION) {
        throw new S3Error('BucketAlreadyOwnedByYou', 'Your previous request succeeded already.');
      }
      return { status: 200, headers: { location: `/${bucket}` } };
    },

    async HeadBucket({ bucket, region }: S3Call): Promise<S3Reply> {
      await store.requireBucket(bucket);
      return { status: 200, headers: { 'x-amz-bucket-region': region } };
    },

    async DeleteBucket({ bucket }: S3Call): Promise<S3Reply> {
      await store.deleteBucket(bucket);
      return noContent;
    },

    async ListObjectsV2({ bucket, query }: S3Call): Promise<S3Reply> {
      const request = listingRequest(query);
      const objects = await store.list(bucket);
      return xmlReply(renderListing(bucket, query, request, page(objects, request)));
    },
  };
}

function listingRequest(query: URLSearchParams): ListingRequest {
  if (query.get('list-type') !== '2') {
    throw new S3Error('InvalidArgument', 'Only list-type=2 is served.');
  }
  if (!['url', null].includes(query.get('encoding-type'))) {
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  const maxKeys = query.get('max-keys') ?? `${MAX_KEYS}`;
  if (!/^\d{1,10}$/.test(maxKeys) || Number(maxKeys) > MAX_MAX_KEYS) {
    throw new S3Error('InvalidArgument', 'Provided max-keys not an integer or within range');
  }
  return {
    prefix: query.get('prefix') ?? '',
    // An empty delimiter is none.
    delimiter: query.get('delimiter') || undefined,
    startAfter: query.get('start-after') ?? undefined,
    continuationToken: query.get('continuation-token') ?? undefined,
    maxKeys: Math.min(Number(maxKeys), MAX_KEYS),
  };
}

function page(objects: readonly ObjectRecord[], request: ListingRequest): Listing<ObjectRecord> {
  try {
    return listPage(objects, request);
  } catch (error) {
    throw error instanceof BadContinuationToken
      ? new S3Error('InvalidArgument', error.message)
      : error;
  }
}

function renderListing(
  bucket: string,
  query: URLSearchParams,
  request: ListingRequest,
  { contents, commonPrefixes, nextToken }: Listing<ObjectRecord>,
): string {
  const isUrlEncoded = query.get('encoding-type') === 'url';
  const encoded = (text: string) => (isUrlEncoded ? urlEncoded(text) : text);
  const ifGiven = (text: string | undefined) => (text === undefined ? undefined : encoded(text));
  return xmlDocument('ListBucketResult', [
    element('Name', bucket),
    element('Prefix', encoded(request.prefix)),
    element('Delimiter', ifGiven(request.delimiter)),
    element('StartAfter', ifGiven(request.startAfter)),
    element('ContinuationToken', request.continuationToken),
    element('EncodingType', isUrlEncoded ? 'url' : undefined),
    element('MaxKeys', request.maxKeys),
    element('KeyCount', contents.length + commonPrefixes.length),
    element('IsTruncated', nextToken !== undefined),
    element('NextContinuationToken', nextToken),
    ...contents.map((record) =>
      element('Contents', [
        element('Key', encoded(record.key)),
        element('LastModified', wholeSeconds(record.lastModifiedMs)),
        element('ETag', quoted(record.etag)),
        element('Size', record.size),
        element('StorageClass', 'STANDARD'),
      ]),
    ),
    ...commonPrefixes.map((prefix) =>
      element('CommonPrefixes', [element('Prefix', encoded(prefix))]),
    ),
  ]);
}

/** As `encoding-type=url` has it: form encoding, but slashes stay. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}

/** S3 keeps modification times in whole seconds. */
function wholeSeconds(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}
