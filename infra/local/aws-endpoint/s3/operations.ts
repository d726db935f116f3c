/** Operations of S3 that the endpoint serves. */
export type S3Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'ListObjectsV2'
  | 'DeleteObjects'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

interface Route {
  readonly method: string;
  readonly on: 'service' | 'bucket' | 'object';
  /** Query parameters that must be there, and those that may. Any other one is not served. */
  readonly needs?: readonly string[];
  readonly takes?: readonly string[];
}

const routes: Readonly<Record<S3Operation, Route>> = {
  ListBuckets: { method: 'GET', on: 'service' },
  CreateBucket: { method: 'PUT', on: 'bucket' },
  HeadBucket: { method: 'HEAD', on: 'bucket' },
  DeleteBucket: { method: 'DELETE', on: 'bucket' },
  ListObjectsV2: {
    method: 'GET',
    on: 'bucket',
    needs: ['list-type'],
    takes: [
      'prefix',
      'delimiter',
      'start-after',
      'continuation-token',
      'max-keys',
      'encoding-type',
    ],
  },
  DeleteObjects: { method: 'POST', on: 'bucket', needs: ['delete'] },
  PutObject: { method: 'PUT', on: 'object' },
  GetObject: { method: 'GET', on: 'object' },
  HeadObject: { method: 'HEAD', on: 'object' },
  DeleteObject: { method: 'DELETE', on: 'object' },
  CreateMultipartUpload: { method: 'POST', on: 'object', needs: ['uploads'] },
  UploadPart: { method: 'PUT', on: 'object', needs: ['partNumber', 'uploadId'] },
  ListParts: { method: 'GET', on: 'object', needs: ['uploadId'] },
  CompleteMultipartUpload: { method: 'POST', on: 'object', needs: ['uploadId'] },
  AbortMultipartUpload: { method: 'DELETE', on: 'object', needs: ['uploadId'] },
};

export interface S3Address {
  /** '' where the request names none. */
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/**
 * Splits a path-style request target. The path is not normalised: `a/../b` and `a//b` are keys.
 *
 * @returns undefined where the path is not percent-encoded UTF-8.
 */
export function parseAddress(target: string): S3Address | undefined {
  const [path = '', ...rest] = target.split('?');
  const [bucket = '', ...segments] = path.slice(1).split('/');
  try {
    return {
      bucket: decodeURIComponent(bucket),
      key: decodeURIComponent(segments.join('/')),
      query: new URLSearchParams(rest.join('?')),
    };
  } catch {
    return undefined;
  }
}

/** @returns the operation that a request means, or undefined where it is none of those served. */
export function operationOf(method: string, address: S3Address): S3Operation | undefined {
  const on = address.bucket === '' ? 'service' : address.key === '' ? 'bucket' : 'object';
  const given = new Set(address.query.keys());
  // The SDK's own note of the operation.
  given.delete('x-id');
  const found = (Object.entries(routes) as [S3Operation, Route][]).find(
    ([, { needs = [], takes = [], ...route }]) =>
      route.method === method &&
      route.on === on &&
      needs.every((name) => given.has(name)) &&
      [...given].every((name) => needs.includes(name) || takes.includes(name)),
  );
  return found?.[0];
}
