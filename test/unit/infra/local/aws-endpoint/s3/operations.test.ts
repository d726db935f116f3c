import { describe, expect, it } from 'vitest';
import {
  operationOf,
  parseAddress,
} from '../../../../../../infra/local/aws-endpoint/s3/operations.ts';

function operation(method: string, target: string) {
  const address = parseAddress(target);
  return address && operationOf(method, address);
}

describe('parseAddress', () => {
  it('does not normalise the path', () => {
    expect(parseAddress('/lake/a/../b//c%2Fd%20+?x-id=GetObject')).toMatchObject({
      bucket: 'lake',
      key: 'a/../b//c/d +',
    });
  });

  it('refuses what is not percent-encoded UTF-8', () => {
    expect(parseAddress('/lake/%E9')).toBeUndefined();
  });
});

describe('operationOf', () => {
  it.each([
    ['GET', '/', 'ListBuckets'],
    ['PUT', '/lake', 'CreateBucket'],
    ['GET', '/lake?list-type=2&prefix=a', 'ListObjectsV2'],
    ['GET', '/lake/?list-type=2', 'ListObjectsV2'],
    ['POST', '/lake?delete=', 'DeleteObjects'],
    ['PUT', '/lake/a?x-id=PutObject', 'PutObject'],
    ['PUT', '/lake/a?partNumber=1&uploadId=u&x-id=UploadPart', 'UploadPart'],
    ['POST', '/lake/a?uploads=', 'CreateMultipartUpload'],
    ['POST', '/lake/a?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE', '/lake/a?uploadId=u', 'AbortMultipartUpload'],
    ['DELETE', '/lake/a', 'DeleteObject'],
  ])('%s %s is %s', (method, target, expected) => {
    expect(operation(method, target)).toBe(expected);
  });

  it.each([
    ['GET', '/lake'],
    ['GET', '/lake?acl'],
    ['GET', '/lake/a?versionId=1'],
    ['PUT', '/lake/a?tagging'],
    ['PATCH', '/lake/a'],
  ])('%s %s is not served', (method, target) => {
    expect(operation(method, target)).toBeUndefined();
  });
});
