import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { compositeIdentity } from '../../../../../../infra/local/aws-endpoint/s3/multipart-uploads.ts';

it('names a multipart object by the digests of its parts’ digests and their number', () => {
  const md5 = (data: Buffer | string) => createHash('md5').update(data).digest();
  const crcBytes = (data: Buffer | string) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(data));
    return bytes;
  };
  const parts = ['first', 'second'].map((body) => ({
    etag: md5(body).toString('hex'),
    crc32: crcBytes(body).toString('base64'),
  }));
  const joinedCrc = crcBytes(Buffer.concat([crcBytes('first'), crcBytes('second')]));
  expect(compositeIdentity(parts)).toEqual({
    etag: `${md5(Buffer.concat([md5('first'), md5('second')])).toString('hex')}-2`,
    crc32: `${joinedCrc.toString('base64')}-2`,
  });
});
