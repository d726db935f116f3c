import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { bodyOf } from '../request-body.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import type { FinishedDigests } from './body-digests.ts';
import { S3Error } from './s3-error.ts';

const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** The bytes of a request, freed from their framing, and the test that they must pass. */
export interface Payload {
  readonly body: AsyncIterable<Buffer>;
  /** Judges the whole body by every checksum that came with it. @throws {S3Error} */
  readonly verify: (digests: FinishedDigests) => void;
}

/**
 * Opens the payload of an upload: plain, or `aws-chunked` with its checksum in a trailer.
 * Protocol: S3 user guide, "Checking object integrity"; S3 API reference, PutObject.
 *
 * @throws {S3Error} where a header is missing or asks for what is not served here.
 */
export function openPayload(request: IncomingMessage): Payload {
  const { headers } = request;
  const content = headerOf(headers, 'x-amz-content-sha256');
  if (content === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256');
  }
  const isStreaming = content.startsWith('STREAMING-');
  const length = headerOf(headers, isStreaming ? 'x-amz-decoded-content-length' : 'content-length');
  if (length === undefined || !/^\d+$/.test(length)) {
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  if (Number(length) > MAX_PUT_BYTES) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  refuseUnknownChecksums(headers);
  const trailers = new Map<string, string>();
  const raw = bodyOf(request);
  return {
    body: isStreaming ? decodeAwsChunked(raw, trailers) : raw,
    verify: (digests) => {
      if (digests.size !== Number(length)) {
        throw new S3Error(
          'IncompleteBody',
          'The body does not have the length that was announced.',
        );
      }
      verifyChecksums(headers, trailers, digests);
      if (/^[0-9a-f]{64}$/.test(content) && digests.sha256.toString('hex') !== content) {
        throw new S3Error(
          'XAmzContentSHA256Mismatch',
          "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
      }
    },
  };
}

/**
 * Tests a body against Content-MD5 and the checksums of its headers or trailers.
 *
 * @returns whether there was any. @throws {S3Error} BadDigest, InvalidDigest, MalformedTrailerError.
 */
export function verifyChecksums(
  headers: IncomingHttpHeaders,
  trailers: ReadonlyMap<string, string>,
  digests: FinishedDigests,
): boolean {
  const announced = headerOf(headers, 'x-amz-trailer');
  if (announced !== undefined && !trailers.has(announced)) {
    throw new S3Error('MalformedTrailerError', `The trailer ${announced} is missing.`);
  }
  const expected = [
    ['Content-MD5', headerOf(headers, 'content-md5'), digests.md5],
    ['CRC32', checksum('crc32'), digests.crc32],
    ['SHA256', checksum('sha256'), digests.sha256],
  ] as const;
  for (const [name, given, actual] of expected) {
    if (given === undefined) continue;
    const bytes = Buffer.from(given, 'base64');
    if (bytes.length !== actual.length) {
      throw new S3Error('InvalidDigest', `The ${name} you specified is not valid.`);
    }
    if (!bytes.equals(actual)) {
      throw new S3Error('BadDigest', `The ${name} you specified did not match the calculated one.`);
    }
  }
  return expected.some(([, given]) => given !== undefined);

  function checksum(algorithm: string): string | undefined {
    const name = `x-amz-checksum-${algorithm}`;
    return trailers.get(name) ?? headerOf(headers, name);
  }
}

const unknownChecksums = ['crc32c', 'crc64nvme', 'sha1'];

/** A checksum that cannot be verified must not be passed over in silence. */
function refuseUnknownChecksums(headers: IncomingHttpHeaders): void {
  for (const algorithm of unknownChecksums) {
    const name = `x-amz-checksum-${algorithm}`;
    if (name in headers || headerOf(headers, 'x-amz-trailer') === name) {
      throw new S3Error('NotImplemented', `The local endpoint does not verify ${name}.`);
    }
  }
}

/** @returns the header's single value. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
