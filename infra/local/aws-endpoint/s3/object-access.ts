import type { Access } from '../authorization/policy-evaluation.ts';
import type { S3Address, S3Operation } from './operations.ts';

/** Actions by operation (service authorization reference, "Amazon S3"). */
const actions: Readonly<Record<S3Operation, string>> = {
  ListBuckets: 's3:ListAllMyBuckets',
  CreateBucket: 's3:CreateBucket',
  HeadBucket: 's3:ListBucket',
  DeleteBucket: 's3:DeleteBucket',
  ListObjectsV2: 's3:ListBucket',
  // Of every object of the bucket, where AWS looks at each key by itself.
  DeleteObjects: 's3:DeleteObject',
  PutObject: 's3:PutObject',
  GetObject: 's3:GetObject',
  HeadObject: 's3:GetObject',
  DeleteObject: 's3:DeleteObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  ListParts: 's3:ListMultipartUploadParts',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
};

/** What a caller must be allowed for an operation. */
export function accessOf(operation: S3Operation, { bucket, key, query }: S3Address): Access {
  const action = actions[operation];
  const arn = `arn:aws:s3:::${bucket}`;
  if (operation === 'ListObjectsV2') {
    return { action, resource: arn, context: { 's3:prefix': query.get('prefix') ?? '' } };
  }
  if (operation === 'DeleteObjects') return { action, resource: `${arn}/*` };
  if (bucket === '') return { action, resource: '*' };
  return { action, resource: key === '' ? arn : `${arn}/${key}` };
}

/** What a caller must be allowed to be told that a key is not there. */
export function listing(bucket: string): Access {
  return { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` };
}
