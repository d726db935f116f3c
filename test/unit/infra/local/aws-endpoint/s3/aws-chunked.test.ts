import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAwsChunked } from '../../../../../../infra/local/aws-endpoint/s3/aws-chunked.ts';

async function decode(pieces: readonly Buffer[]) {
  const trailers = new Map<string, string>();
  const chunks: Buffer[] = [];
  async function* source() {
    yield* pieces;
  }
  for await (const chunk of decodeAwsChunked(source(), trailers)) chunks.push(chunk);
  return { body: Buffer.concat(chunks), trailers: Object.fromEntries(trailers) };
}

function encode(chunks: readonly Uint8Array[], tail: string): Buffer {
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...framed, Buffer.from(tail)]);
}

describe('decodeAwsChunked', () => {
  it('gives body and trailer of an unsigned stream', async () => {
    const wire = Buffer.from('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n');
    expect(await decode([wire])).toEqual({
      body: Buffer.from('hello'),
      trailers: { 'x-amz-checksum-crc32': 'NhCmhg==' },
    });
  });

  it('passes over the signatures of a signed stream', async () => {
    const signature = `;chunk-signature=${'ab'.repeat(32)}`;
    const wire = Buffer.from(`5${signature}\r\nhello\r\n0${signature}\r\n\r\n`);
    expect(await decode([wire])).toEqual({ body: Buffer.from('hello'), trailers: {} });
  });

  it('gives the same body however the network cuts the stream', async () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk), fc.array(fc.nat(200)), async (chunks, cuts) => {
        const wire = encode(chunks, '0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n');
        const ends = [...new Set(cuts.map((cut) => cut % (wire.length + 1)))].sort((a, b) => a - b);
        const pieces = [...ends, wire.length].map((end, index) =>
          wire.subarray(ends[index - 1] ?? 0, end),
        );
        const { body, trailers } = await decode(pieces);
        expect(body.equals(Buffer.concat(chunks))).toBe(true);
        expect(trailers).toEqual({ 'x-amz-checksum-crc32': 'AAAAAA==' });
      }),
    );
  });

  it.each([
    ['IncompleteBody', '5\r\nhel'],
    ['IncompleteBody', '5\r\nhello\r\n'],
    ['IncompleteBody', '5\r\nhello\r\n0\r\n'],
    ['InvalidRequest', 'five\r\nhello\r\n0\r\n\r\n'],
    ['InvalidRequest', '4\r\nhello\r\n0\r\n\r\n'],
    ['InvalidRequest', '0\r\nno trailer\r\n\r\n'],
    ['InvalidRequest', 'f'.repeat(20_000)],
  ])('says %s of a broken stream', async (code, wire) => {
    await expect(decode([Buffer.from(wire)])).rejects.toMatchObject({ code });
  });
});
