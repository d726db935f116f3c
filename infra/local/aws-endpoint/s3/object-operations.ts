import type { IncomingHttpHeaders } from 'node:http';
import { BodyTooLarge, readBody } from '../request-body.ts';
import { digestsOf } from './body-digests.ts';
import { type ByteRange, parseRange } from './byte-range.ts';
import { MAX_KEY_BYTES } from './object-names.ts';
import type { ObjectRecord } from './object-record.ts';
import type { ObjectStore } from './object-store.ts';
import { headerOf, openPayload, verifyChecksums } from './payload.ts';
import { noContent, quoted, type S3Call, type S3Reply, xmlReply } from './s3-call.ts';
import { S3Error } from './s3-error.ts';
import { childText, element, parseXml, xmlDocument } from './xml.ts';

const MAX_DELETED_KEYS = 1000;
const MAX_XML_BYTES = 4 * 1024 * 1024;

/** Operations on objects. Protocol: S3 API reference, the pages of the same names. */
export function objectOperations(store: ObjectStore) {
  return {
    async PutObject({ bucket, key, request }: S3Call): Promise<S3Reply> {
      requireKeyLength(key);
      const { body, verify } = openPayload(request);
      const record = await store.put(bucket, key, body, {
        headers: storedHeaders(request.headers),
        ...writeCondition(request.headers),
        verify,
      });
      return { status: 200, headers: { etag: quoted(record.etag), ...checksumHeaders(record) } };
    },

    async GetObject({ bucket, key, request: { headers } }: S3Call): Promise<S3Reply> {
      await store.requireBucket(bucket);
      const opened = await store.open(bucket, key);
      if (opened === undefined) throw new S3Error('NoSuchKey', 'The specified key does not exist.');
      const { record, file } = opened;
      try {
        const { reply, slice } = describe(record, headers);
        if (slice !== undefined) return { ...reply, body: { file, ...slice } };
        await file.close();
        return reply;
      } catch (error) {
        await file.close();
        throw error;
      }
    },

    async HeadObject({ bucket, key, request: { headers } }: S3Call): Promise<S3Reply> {
      await store.requireBucket(bucket);
      const record = await store.head(bucket, key);
      if (record === undefined) throw new S3Error('NoSuchKey', 'The specified key does not exist.');
      return describe(record, headers).reply;
    },

    async DeleteObject({ bucket, key, request }: S3Call): Promise<S3Reply> {
      if (request.headers['if-match'] !== undefined) {
        throw new S3Error('NotImplemented', 'The local endpoint deletes without conditions.');
      }
      await store.delete(bucket, key);
      return noContent;
    },

    async DeleteObjects({ bucket, request }: S3Call): Promise<S3Reply> {
      await store.requireBucket(bucket);
      const body = await readXmlBody(request);
      if (!verifyChecksums(request.headers, new Map(), digestsOf(body))) {
        throw new S3Error(
          'InvalidRequest',
          'Missing required header: Content-MD5 or x-amz-checksum-*',
        );
      }
      const root = parseXml(body.toString('utf8'));
      const keys = root?.children
        .filter(({ name }) => name === 'Object')
        .map((object) => childText(object, 'Key'));
      if (
        root?.name !== 'Delete' ||
        keys === undefined ||
        keys.length === 0 ||
        keys.length > MAX_DELETED_KEYS
      ) {
        throw new S3Error('MalformedXML', 'The XML you provided was not well-formed.');
      }
      const deleted: string[] = [];
      for (const key of keys) {
        if (key === undefined) throw new S3Error('MalformedXML', 'An Object without a Key.');
        await store.delete(bucket, key);
        deleted.push(element('Deleted', [element('Key', key)]));
      }
      const isQuiet = childText(root, 'Quiet') === 'true';
      return xmlReply(xmlDocument('DeleteResult', isQuiet ? [] : deleted));
    },
  };
}

interface Description {
  readonly reply: S3Reply;
  /** Which bytes GET sends; undefined for none. */
  readonly slice?: ByteRange;
}

/** Status and headers of GET and HEAD. @throws {S3Error} PreconditionFailed, InvalidRange. */
function describe(record: ObjectRecord, headers: IncomingHttpHeaders): Description {
  const etag = quoted(record.etag);
  if (!matches(headers['if-match'], etag, true)) {
    throw new S3Error('PreconditionFailed', 'If-Match did not hold');
  }
  const validators = { etag, 'last-modified': new Date(record.lastModifiedMs).toUTCString() };
  if (matches(headers['if-none-match'], etag, false)) {
    return { reply: { status: 304, headers: validators } };
  }
  const range = parseRange(headers.range, record.size);
  if (range === 'unsatisfiable') {
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable');
  }
  const slice = range ?? { first: 0, last: record.size - 1 };
  const isChecksumAsked =
    range === undefined && headerOf(headers, 'x-amz-checksum-mode') === 'ENABLED';
  const reply = {
    status: range === undefined ? 200 : 206,
    headers: {
      'content-type': 'binary/octet-stream',
      ...record.headers,
      ...validators,
      'accept-ranges': 'bytes',
      'content-length': slice.last - slice.first + 1,
      ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${record.size}` }),
      ...(isChecksumAsked ? checksumHeaders(record) : {}),
    },
  };
  return { reply, slice };
}

/** Reads `If-Match` or `If-None-Match`: a list of ETags or `*`; absent gives `absent`. */
function matches(header: string | undefined, etag: string, absent: boolean): boolean {
  if (header === undefined) return absent;
  return header.split(',').some((given) => {
    const text = given.trim();
    return text === '*' || text === etag || quoted(text) === etag;
  });
}

export function checksumHeaders(record: ObjectRecord): Record<string, string> {
  return {
    'x-amz-checksum-crc32': record.crc32,
    'x-amz-checksum-type': record.crc32.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT',
  };
}

/** `If-Match` of a write: the ETag that is to be replaced (S3 user guide, "Conditional writes"). */
function writeCondition(headers: IncomingHttpHeaders): { isNew: boolean; replaces?: string } {
  const { 'if-match': etag, ...others } = headers;
  if (etag === undefined) return { isNew: isNewRequired(headers) };
  return { isNew: isNewRequired(others), replaces: etag.trim().replaceAll('"', '') };
}

/** @returns whether the object must be new. @throws {S3Error} for conditions not served on writes. */
export function isNewRequired(headers: IncomingHttpHeaders): boolean {
  const condition = headers['if-none-match'];
  if (headers['if-match'] !== undefined || (condition !== undefined && condition !== '*')) {
    throw new S3Error('NotImplemented', 'Writes take no condition but If-None-Match: *');
  }
  return condition === '*';
}

const keptHeaders = [
  'content-type',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
];

const META = 'x-amz-meta-';
/** Names and values of user metadata together (S3 user guide, "Working with object metadata"). */
const MAX_META_BYTES = 2 * 1024;

/**
 * The request's headers that come back with the object. `aws-chunked` was framing, not encoding.
 *
 * @throws {S3Error} MetadataTooLarge.
 */
export function storedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  let metaBytes = 0;
  for (const name of Object.keys(headers)) {
    const value = headerOf(headers, name);
    if (value === undefined) continue;
    const isMeta = name.startsWith(META);
    if (isMeta) metaBytes += Buffer.byteLength(name.slice(META.length) + value);
    if (isMeta || keptHeaders.includes(name)) kept[name] = value;
  }
  if (metaBytes > MAX_META_BYTES) {
    throw new S3Error('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed size');
  }
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked');
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',');
  return kept;
}

export function requireKeyLength(key: string): void {
  if (Buffer.byteLength(key, 'utf8') > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', 'Your key is too long');
  }
}

/** @throws {S3Error} MalformedXML where the body is too large to be a request. */
export async function readXmlBody(request: S3Call['request']): Promise<Buffer> {
  try {
    return await readBody(request, MAX_XML_BYTES);
  } catch (error) {
    throw error instanceof BodyTooLarge ? new S3Error('MalformedXML', error.message) : error;
  }
}
