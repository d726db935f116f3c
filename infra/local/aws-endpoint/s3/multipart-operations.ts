import { type CompletedPart, MultipartUploads } from './multipart-uploads.ts';
import {
  checksumHeaders,
  isNewRequired,
  readXmlBody,
  requireKeyLength,
  storedHeaders,
} from './object-operations.ts';
import type { ObjectStore } from './object-store.ts';
import { openPayload } from './payload.ts';
import { noContent, quoted, type S3Call, type S3Reply, xmlReply } from './s3-call.ts';
import { S3Error } from './s3-error.ts';
import { childText, element, parseXml, type XmlElement, xmlDocument } from './xml.ts';

const MAX_PART_NUMBER = 10_000;

/** Operations of multipart uploads. Protocol: S3 API reference, the pages of the same names. */
export function multipartOperations(store: ObjectStore) {
  const uploads = new MultipartUploads(store);
  return {
    async CreateMultipartUpload({ bucket, key, request }: S3Call): Promise<S3Reply> {
      requireKeyLength(key);
      const algorithm = request.headers['x-amz-checksum-algorithm'];
      if (algorithm !== undefined && algorithm !== 'CRC32') {
        throw new S3Error('NotImplemented', 'The local endpoint verifies CRC32 only.');
      }
      const id = await uploads.create(bucket, key, storedHeaders(request.headers));
      return xmlReply(
        xmlDocument('InitiateMultipartUploadResult', [
          element('Bucket', bucket),
          element('Key', key),
          element('UploadId', id),
        ]),
      );
    },

    async UploadPart({ bucket, key, query, request }: S3Call): Promise<S3Reply> {
      const number = Number(query.get('partNumber'));
      if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
        throw new S3Error('InvalidArgument', 'Part number must be an integer from 1 to 10000');
      }
      const { body, verify } = openPayload(request);
      const part = await uploads.putPart(bucket, key, uploadId(query), number, body, verify);
      return {
        status: 200,
        headers: { etag: quoted(part.etag), 'x-amz-checksum-crc32': part.crc32 },
      };
    },

    async ListParts({ bucket, key, query }: S3Call): Promise<S3Reply> {
      const id = uploadId(query);
      const parts = await uploads.parts(bucket, key, id);
      return xmlReply(
        xmlDocument('ListPartsResult', [
          element('Bucket', bucket),
          element('Key', key),
          element('UploadId', id),
          element('IsTruncated', false),
          ...parts.map((part) =>
            element('Part', [
              element('PartNumber', part.number),
              element('LastModified', new Date(part.lastModifiedMs).toISOString()),
              element('ETag', quoted(part.etag)),
              element('Size', part.size),
              element('ChecksumCRC32', part.crc32),
            ]),
          ),
        ]),
      );
    },

    async CompleteMultipartUpload({ bucket, key, query, request }: S3Call): Promise<S3Reply> {
      const root = parseXml((await readXmlBody(request)).toString('utf8'));
      const record = await uploads.complete(
        bucket,
        key,
        uploadId(query),
        completedParts(root),
        isNewRequired(request.headers),
      );
      return xmlReply(
        xmlDocument('CompleteMultipartUploadResult', [
          element('Location', `/${bucket}/${key}`),
          element('Bucket', bucket),
          element('Key', key),
          element('ETag', quoted(record.etag)),
          element('ChecksumCRC32', checksumHeaders(record)['x-amz-checksum-crc32']),
          element('ChecksumType', 'COMPOSITE'),
        ]),
      );
    },

    async AbortMultipartUpload({ bucket, key, query }: S3Call): Promise<S3Reply> {
      await uploads.abort(bucket, key, uploadId(query));
      return noContent;
    },
  };
}

function uploadId(query: URLSearchParams): string {
  return query.get('uploadId') ?? '';
}

function completedParts(root: XmlElement | undefined): readonly CompletedPart[] {
  const malformed = new S3Error('MalformedXML', 'The XML you provided was not well-formed.');
  if (root?.name !== 'CompleteMultipartUpload' || root.children.length === 0) throw malformed;
  return root.children.map((part) => {
    const number = Number(childText(part, 'PartNumber'));
    const etag = childText(part, 'ETag');
    if (part.name !== 'Part' || !Number.isInteger(number) || etag === undefined) throw malformed;
    const crc32 = childText(part, 'ChecksumCRC32');
    return { number, etag: etag.replaceAll('"', ''), ...(crc32 !== undefined && { crc32 }) };
  });
}
