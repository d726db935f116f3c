/**
 * S3 as the pipeline uses it, by the unchanged AWS client. The page of each case in the S3 API
 * reference or user guide stands in its title.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  S3Client,
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

const put = (Key: string, Body: string | Readable, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }));

const get = (Key: string, more = {}) =>
  s3.send(new GetObjectCommand({ Bucket: bucket, Key, ...more }));

const text = async (Key: string, more = {}) =>
  (await get(Key, more)).Body?.transformToString() ?? '';

const list = (more: Partial<ListObjectsV2CommandInput>) =>
  s3.send(new ListObjectsV2Command({ Bucket: bucket, ...more }));

const failure = (name: string, status: number) => ({
  name,
  $metadata: { httpStatusCode: status },
});

const md5 = (body: string | Buffer) => createHash('md5').update(body).digest();

describe('PutObject', () => {
  it('answers with the MD5 as ETag and the CRC32 [API_PutObject]', async () => {
    const reply = await put('put/plain', 'hello');
    expect(reply.ETag).toBe(`"${md5('hello').toString('hex')}"`);
    expect(reply.ChecksumCRC32).toBe('NhCmhg==');
    expect(await text('put/plain')).toBe('hello');
  });

  it('takes a stream with its checksum in the trailer [sigv4-streaming-trailers]', async () => {
    const parts = Array.from({ length: 40 }, () => randomBytes(50_000));
    const whole = Buffer.concat(parts);
    await put('put/stream', Readable.from(parts), { ContentLength: whole.length });
    const read = await (await get('put/stream')).Body?.transformToByteArray();
    expect(whole.equals(read ?? Buffer.alloc(0))).toBe(true);
  });

  it('takes an empty body [API_PutObject]', async () => {
    await put('put/empty', '');
    const reply = await get('put/empty');
    expect(reply.ContentLength).toBe(0);
    expect(await reply.Body?.transformToString()).toBe('');
  });

  it('refuses a body with another CRC32 and stores nothing [checking-object-integrity]', async () => {
    const wrong = put('put/wrong-crc', 'hello', { ChecksumCRC32: 'AAAAAA==' });
    await expect(wrong).rejects.toMatchObject(failure('BadDigest', 400));
    await expect(get('put/wrong-crc')).rejects.toMatchObject(failure('NoSuchKey', 404));
  });

  it('refuses a body with another Content-MD5 [API_PutObject]', async () => {
    const wrong = put('put/wrong-md5', 'hello', { ContentMD5: md5('other').toString('base64') });
    await expect(wrong).rejects.toMatchObject(failure('BadDigest', 400));
    const right = await put('put/md5', 'hello', { ContentMD5: md5('hello').toString('base64') });
    expect(right.$metadata.httpStatusCode).toBe(200);
  });

  it('refuses a second object where If-None-Match is * [conditional-writes]', async () => {
    await put('put/once', 'first', { IfNoneMatch: '*' });
    const second = put('put/once', 'second', { IfNoneMatch: '*' });
    await expect(second).rejects.toMatchObject(failure('PreconditionFailed', 412));
    expect(await text('put/once')).toBe('first');
  });

  it('lets one of several conditional writers win [conditional-writes]', async () => {
    const writers = ['a', 'b', 'c', 'd'];
    const settled = await Promise.allSettled(
      writers.map((body) => put('put/race', body, { IfNoneMatch: '*' })),
    );
    const winners = writers.filter((_, index) => settled[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await text('put/race')).toBe(winners[0]);
  });

  it('replaces only the object that If-Match names [conditional-writes]', async () => {
    const { ETag } = await put('put/match', 'first');
    await put('put/match', 'second', { IfMatch: ETag });
    const overtaken = put('put/match', 'third', { IfMatch: ETag });
    await expect(overtaken).rejects.toMatchObject(failure('PreconditionFailed', 412));
    expect(await text('put/match')).toBe('second');
    const gone = put('put/never', 'x', { IfMatch: ETag });
    await expect(gone).rejects.toMatchObject(failure('NoSuchKey', 404));
  });

  it('replaces an object whole [Welcome: data consistency model]', async () => {
    await put('put/again', 'the first and longer one');
    const { ETag } = await put('put/again', 'second');
    expect(await text('put/again')).toBe('second');
    const { Contents } = await list({ Prefix: 'put/again' });
    expect(Contents).toMatchObject([{ Key: 'put/again', Size: 6, ETag }]);
  });

  it('gives back content headers and user metadata [API_PutObject]', async () => {
    await put('put/headers', 'x', {
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      CacheControl: 'no-cache',
      Metadata: { batch: '7' },
    });
    expect(
      await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'put/headers' })),
    ).toMatchObject({
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      CacheControl: 'no-cache',
      Metadata: { batch: '7' },
    });
  });

  it.each(['a b+c%20d', 'a/../b', 'dt=2026-01-01/x', "é😀'()*!", 'a//b', 'trailing/'])(
    'takes the key %s as it is [object-keys]',
    async (name) => {
      const key = `put/keys/${name}`;
      await put(key, name);
      expect(await text(key)).toBe(name);
      const { Contents } = await list({ Prefix: key });
      expect(Contents?.map(({ Key }) => Key)).toEqual([key]);
    },
  );

  it('takes 2 KB of user metadata and refuses more [UsingMetadata]', async () => {
    await put('put/meta', 'x', { Metadata: { a: 'x'.repeat(2047) } });
    const long = put('put/meta', 'x', { Metadata: { a: 'x'.repeat(1024), b: 'x'.repeat(1024) } });
    await expect(long).rejects.toMatchObject(failure('MetadataTooLarge', 400));
  });

  it('takes a key of 1,024 bytes and refuses a longer one [object-keys]', async () => {
    const key = 'k'.repeat(1024);
    await put(key, 'long');
    expect(await text(key)).toBe('long');
    await expect(put(`${key}k`, 'x')).rejects.toMatchObject(failure('KeyTooLongError', 400));
  });

  it('refuses a bucket that does not exist [ErrorResponses]', async () => {
    const missing = s3.send(
      new PutObjectCommand({ Bucket: `${bucket}-none`, Key: 'a', Body: 'x' }),
    );
    await expect(missing).rejects.toMatchObject(failure('NoSuchBucket', 404));
  });
});

describe('GetObject and HeadObject', () => {
  beforeAll(async () => {
    await put('get/digits', '0123456789');
  });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('gives the range %s [API_GetObject]', async (Range, expected, contentRange) => {
    const reply = await get('get/digits', { Range });
    expect(reply.$metadata.httpStatusCode).toBe(206);
    expect(reply.ContentRange).toBe(contentRange);
    expect(await reply.Body?.transformToString()).toBe(expected);
  });

  it('refuses a range behind the end [API_GetObject]', async () => {
    const behind = get('get/digits', { Range: 'bytes=10-' });
    await expect(behind).rejects.toMatchObject(failure('InvalidRange', 416));
  });

  it('says 304 where the ETag has not changed, 412 where it should not have [API_GetObject]', async () => {
    const { ETag } = await put('get/etag', 'x');
    await expect(get('get/etag', { IfNoneMatch: ETag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(get('get/etag', { IfMatch: '"other"' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412),
    );
    expect(await text('get/etag', { IfMatch: ETag })).toBe('x');
  });

  it('HEAD tells size, ETag and time without a body [API_HeadObject]', async () => {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'get/digits' }));
    expect(head).toMatchObject({
      ContentLength: 10,
      ETag: `"${md5('0123456789').toString('hex')}"`,
      AcceptRanges: 'bytes',
    });
    expect(Math.abs(Date.now() - (head.LastModified?.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('HEAD of a missing object is a 404 without a body [API_HeadObject]', async () => {
    const missing = s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'get/none' }));
    await expect(missing).rejects.toMatchObject(failure('NotFound', 404));
    await expect(get('get/none')).rejects.toMatchObject(failure('NoSuchKey', 404));
  });
});

describe('ListObjectsV2', () => {
  const keys = ['B', 'a/1', 'a/2', 'a/b/3', 'b', 'c=1/x', '\uFFFD', '\u{1F600}'];

  beforeAll(async () => {
    await Promise.all(keys.map((key) => put(`list/${key}`, key)));
  });

  it('orders keys by the bytes of UTF-8 [ListingKeysUsingAPIs]', async () => {
    const { Contents, KeyCount, IsTruncated } = await list({ Prefix: 'list/' });
    expect(Contents?.map(({ Key }) => Key?.slice(5))).toEqual(keys);
    expect({ KeyCount, IsTruncated }).toEqual({ KeyCount: keys.length, IsTruncated: false });
  });

  it('rolls up common prefixes behind the prefix [using-prefixes]', async () => {
    const reply = await list({ Prefix: 'list/', Delimiter: '/' });
    expect(reply.CommonPrefixes).toEqual([{ Prefix: 'list/a/' }, { Prefix: 'list/c=1/' }]);
    expect(reply.Contents?.map(({ Key }) => Key)).toEqual(
      ['B', 'b', '\uFFFD', '\u{1F600}'].map((key) => `list/${key}`),
    );
    expect(reply.KeyCount).toBe(6);
  });

  it('pages by MaxKeys, common prefixes counted [API_ListObjectsV2]', async () => {
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({
        Prefix: 'list/',
        Delimiter: '/',
        MaxKeys: 2,
        ...(ContinuationToken !== undefined && { ContinuationToken }),
      });
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
    } while (ContinuationToken !== undefined);
    expect(seen.sort()).toEqual(
      ['B', 'a/', 'b', 'c=1/', '\uFFFD', '\u{1F600}'].map((key) => `list/${key}`).sort(),
    );
  });

  it('starts behind StartAfter, itself excluded [API_ListObjectsV2]', async () => {
    const { Contents } = await list({ Prefix: 'list/', StartAfter: 'list/a/2' });
    expect(Contents?.map(({ Key }) => Key?.slice(5))).toEqual(keys.slice(3));
  });

  it('gives nothing for MaxKeys 0, nor under an unknown prefix [API_ListObjectsV2]', async () => {
    expect(await list({ Prefix: 'list/', MaxKeys: 0 })).toMatchObject({
      KeyCount: 0,
      IsTruncated: false,
    });
    expect(await list({ Prefix: 'none/' })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  it('gives 1,000 keys a page at most, and takes no more for a number than an int [API_ListObjectsV2]', async () => {
    expect(await list({ Prefix: 'list/', MaxKeys: 5_000 })).toMatchObject({ MaxKeys: 1_000 });
    await expect(list({ MaxKeys: 2 ** 31 })).rejects.toMatchObject(failure('InvalidArgument', 400));
  });

  it('encodes keys that no XML can hold [API_ListObjectsV2]', async () => {
    const key = 'odd/a b+c%20\u0001é😀';
    await put(key, 'x');
    const { Contents } = await list({ Prefix: 'odd/', EncodingType: 'url' });
    expect(
      Contents?.map(({ Key }) => decodeURIComponent((Key ?? '').replaceAll('+', ' '))),
    ).toEqual([key]);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  });

  it('encodes keys where asked to [API_ListObjectsV2]', async () => {
    const { Contents, EncodingType } = await list({ Prefix: 'list/c=', EncodingType: 'url' });
    expect(EncodingType).toBe('url');
    expect(Contents?.map(({ Key }) => Key)).toEqual(['list/c%3D1/x']);
  });

  it('refuses a token that it never gave [API_ListObjectsV2]', async () => {
    const broken = list({ ContinuationToken: 'none' });
    await expect(broken).rejects.toMatchObject(failure('InvalidArgument', 400));
  });

  it('shows an object as soon as it is put, and no more when it is deleted [Welcome: data consistency model]', async () => {
    for (let round = 0; round < 5; round++) {
      await put('list-now/x', String(round));
      expect((await list({ Prefix: 'list-now/' })).KeyCount).toBe(1);
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'list-now/x' }));
      expect((await list({ Prefix: 'list-now/' })).KeyCount).toBe(0);
    }
  });

  it('refuses a bucket that does not exist [ErrorResponses]', async () => {
    const missing = s3.send(new ListObjectsV2Command({ Bucket: `${bucket}-none` }));
    await expect(missing).rejects.toMatchObject(failure('NoSuchBucket', 404));
  });
});

describe('DeleteObject and DeleteObjects', () => {
  it('succeeds on a missing object too [API_DeleteObject]', async () => {
    await put('delete/a', 'x');
    const remove = () => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'delete/a' }));
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
    await expect(get('delete/a')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it.runIf(process.env['CAREPLUS_CONFORMANCE_ENDPOINT'] === undefined)(
    'does not pass over a condition [conditional-deletes]',
    async () => {
      await put('conditions/kept', 'x');
      const remove = new DeleteObjectCommand({
        Bucket: bucket,
        Key: 'conditions/kept',
        IfMatch: '"0"',
      });
      await expect(s3.send(remove)).rejects.toMatchObject(failure('NotImplemented', 501));
      expect(await text('conditions/kept')).toBe('x');
    },
  );

  it('deletes many, with any characters in their keys [API_DeleteObjects]', async () => {
    const keys = ['delete/<&>"\'', 'delete/ü', 'delete/none'];
    for (const key of keys.slice(0, 2)) await put(key, 'x');
    const reply = await s3.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })) },
      }),
    );
    expect(reply.Deleted?.map(({ Key }) => Key).sort()).toEqual([...keys].sort());
    expect((await list({ Prefix: 'delete/' })).KeyCount).toBe(0);
  });

  it('says nothing where it is to be quiet [API_DeleteObjects]', async () => {
    const Delete = { Objects: [{ Key: 'delete/none' }], Quiet: true };
    const reply = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
    expect(reply.Deleted).toBeUndefined();
  });
});

describe('buckets', () => {
  it('are there after CreateBucket, and not before [API_HeadBucket]', async () => {
    expect(
      (await s3.send(new HeadBucketCommand({ Bucket: bucket }))).$metadata.httpStatusCode,
    ).toBe(200);
    const missing = s3.send(new HeadBucketCommand({ Bucket: `${bucket}-none` }));
    await expect(missing).rejects.toMatchObject(failure('NotFound', 404));
  });

  it('are not deleted while they hold objects [API_DeleteBucket]', async () => {
    await put('bucket/held', 'x');
    const full = s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    await expect(full).rejects.toMatchObject(failure('BucketNotEmpty', 409));
  });

  it('have lower-case names [bucketnamingrules]', async () => {
    const wrong = s3.send(new CreateBucketCommand({ Bucket: `${bucket.slice(0, 40)}_X` }));
    await expect(wrong).rejects.toMatchObject(failure('InvalidBucketName', 400));
  });
});
