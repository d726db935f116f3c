/**
 * Multipart uploads of S3, by the unchanged AWS client. The page of each case in the S3 API
 * reference or user guide stands in its title.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EndpointUnderTest, openEndpointUnderTest } from './endpoint-under-test.ts';
import { removeBucket } from './remove-bucket.ts';

const bucket = `careplus-conformance-${randomUUID()}`;
let endpoint: EndpointUnderTest;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await openEndpointUnderTest(['--only', 's3']);
  s3 = new S3Client(endpoint.client);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});

afterAll(async () => {
  await removeBucket(s3, bucket);
  s3.destroy();
  await endpoint.close();
});

const failure = (name: string, status: number) => ({
  name,
  $metadata: { httpStatusCode: status },
});

const md5 = (body: Buffer) => createHash('md5').update(body).digest();

describe('multipart uploads', () => {
  const MIN_PART = 5 * 1024 * 1024;
  const begin = async (Key: string) => {
    const reply = await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    return { Bucket: bucket, Key, UploadId: reply.UploadId };
  };
  const keys = async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key }) => Key);
  };
  type Upload = Awaited<ReturnType<typeof begin>>;
  const upload = async (to: Upload, PartNumber: number, Body: Buffer) => {
    const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber, Body }));
    return { PartNumber, ETag };
  };
  const complete = (
    to: Upload,
    Parts: readonly { PartNumber: number; ETag: string | undefined }[],
  ) =>
    s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts: [...Parts] } }));

  it('join their parts in order; the ETag counts them [API_CompleteMultipartUpload]', async () => {
    const to = await begin('object');
    const bodies = [randomBytes(MIN_PART), Buffer.from('the end')] as const;
    // The last part first: their numbers count, not their arrival.
    const last = await upload(to, 2, bodies[1]);
    const first = await upload(to, 1, bodies[0]);
    const listed = await s3.send(new ListPartsCommand(to));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, MIN_PART],
      [2, 7],
    ]);
    const reply = await complete(to, [first, last]);
    const joinedMd5 = md5(Buffer.concat([md5(bodies[0]), md5(bodies[1])])).toString('hex');
    expect(reply.ETag).toBe(`"${joinedMd5}-2"`);
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: to.Key }));
    const read = await object.Body?.transformToByteArray();
    expect(Buffer.concat(bodies).equals(read ?? Buffer.alloc(0))).toBe(true);
    const after = s3.send(new ListPartsCommand(to));
    await expect(after).rejects.toMatchObject(failure('NoSuchUpload', 404));
  });

  it('refuse a small part that is not the last [qfacts]', async () => {
    const to = await begin('object');
    const parts = [await upload(to, 1, Buffer.from('a')), await upload(to, 2, Buffer.from('b'))];
    await expect(complete(to, parts)).rejects.toMatchObject(failure('EntityTooSmall', 400));
    await s3.send(new AbortMultipartUploadCommand(to));
  });

  it('refuse parts out of order and unknown parts [API_CompleteMultipartUpload]', async () => {
    const to = await begin('object');
    const one = await upload(to, 1, Buffer.from('a'));
    const two = { PartNumber: 2, ETag: one.ETag };
    await expect(complete(to, [two, one])).rejects.toMatchObject({
      name: expect.stringMatching(/^InvalidPart(Order)?$/) as string,
    });
    await expect(complete(to, [two])).rejects.toMatchObject(failure('InvalidPart', 400));
    const other = { ...one, ChecksumCRC32: 'AAAAAA==' };
    await expect(complete(to, [other])).rejects.toMatchObject(failure('InvalidPart', 400));
    await s3.send(new AbortMultipartUploadCommand(to));
    const after = upload(to, 1, Buffer.from('a'));
    await expect(after).rejects.toMatchObject(failure('NoSuchUpload', 404));
  });

  it('show no object before they are completed, nor after they are aborted [mpuoverview]', async () => {
    const to = await begin('unfinished');
    await upload(to, 1, Buffer.from('a'));
    expect(await keys()).not.toContain('unfinished');
    await s3.send(new AbortMultipartUploadCommand(to));
    expect(await keys()).not.toContain('unfinished');
  });
});
