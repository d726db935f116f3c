import { zstdCompressSync } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { registerCodecs } from '../../../../../runtime/kafka/compression/codecs.ts';
import { decompressLz4 } from '../../../../../runtime/kafka/compression/lz4.ts';
import { decompressSnappy } from '../../../../../runtime/kafka/compression/snappy.ts';

const bytes = (...parts: readonly (string | Iterable<number>)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([...part]))),
  );

describe('snappy', () => {
  // 12 bytes: a literal of four, a copy of eight from four back that overlaps itself.
  const block = bytes([12, (4 - 1) << 2], 'abcd', [((8 - 4) << 2) | 1, 4]);
  const text = 'abcdabcdabcd';

  it('reads a bare block', () => {
    expect(decompressSnappy(block).toString()).toBe(text);
  });

  it('reads literals and copies of every size', () => {
    const long = 'x'.repeat(300);
    const input = bytes(
      [0xcb, 0x04], // 300 + 64 + 200 + 23 = 587
      [61 << 2, 0x2b, 0x01], // a literal whose length, 300 − 1, stands in two bytes
      long,
      [((64 - 1) << 2) | 2, 0x2c, 0x01], // 64 bytes from 300 back, in two bytes
      [60 << 2, 199], // a literal whose length, 200 − 1, stands in one byte
      'y'.repeat(200),
      [((23 - 1) << 2) | 3, 0x01, 0, 0, 0], // 23 bytes from 1 back, in four bytes
    );
    const expected = long + 'x'.repeat(64) + 'y'.repeat(223);
    expect(decompressSnappy(input).toString()).toBe(expected);
  });

  it('reads a stream of blocks as snappy-java writes it', () => {
    const head = bytes([0x82], 'SNAPPY', [0, 0, 0, 0, 1, 0, 0, 0, 1]);
    const length = [0, 0, 0, block.length];
    const stream = bytes(head, length, block, length, block);
    expect(decompressSnappy(stream).toString()).toBe(text + text);
  });

  it.each([
    ['a copy from before the beginning', bytes([8, 0], 'a', [((7 - 4) << 2) | 1, 2])],
    ['less than it promises', bytes([9, 0], 'a')],
    ['more than it promises', bytes([1, 1 << 2], 'ab')],
    ['a literal that is cut', bytes([4, 3 << 2], 'ab')],
    ['no end of its length', bytes([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['nothing', bytes()],
  ])('refuses a block with %s', (_what, input) => {
    expect(() => decompressSnappy(input)).toThrow(RangeError);
  });
});

describe('LZ4', () => {
  const magic = [0x04, 0x22, 0x4d, 0x18];
  const end = [0, 0, 0, 0];
  const size = (length: number) => [length & 0xff, length >> 8, 0, 0];

  it('reads blocks whose matches lie in the block before', () => {
    const first = bytes([4 << 4], 'abcd');
    // No literal, 15 + 255 + 2 + 4 = 276 bytes from four back; then the literals that end a block.
    const second = bytes([0x0f, 4, 0, 255, 2], [5 << 4], 'later');
    const frame = bytes(
      [...magic, 0x40, 0x40, 0],
      [...size(first.length), ...first],
      [...size(second.length), ...second],
      end,
    );
    expect(decompressLz4(frame).toString()).toBe(`${'abcd'.repeat(70)}later`);
  });

  it('reads stored blocks, sizes and checksums', () => {
    const frame = bytes(
      [...magic, 0x40 | 0x10 | 0x08 | 0x04, 0x40],
      [9, 0, 0, 0, 0, 0, 0, 0, 0], // size of the text, checksum of the descriptor
      [...size(9).slice(0, 3), 0x80],
      'as it is.',
      [1, 2, 3, 4],
      end,
      [1, 2, 3, 4],
    );
    expect(decompressLz4(frame).toString()).toBe('as it is.');
  });

  it.each([
    ['no magic number', bytes([1, 2, 3, 4, 0x40, 0x40, 0], end)],
    ['no end', bytes([...magic, 0x40, 0x40, 0], size(2), [1 << 4], 'a')],
    ['a block that is cut', bytes([...magic, 0x40, 0x40, 0], size(5), [1 << 4], 'a')],
    [
      'a match before the beginning',
      bytes([...magic, 0x40, 0x40, 0], size(4), [0x10], 'a', [9, 0]),
    ],
  ])('refuses a frame with %s', (_what, input) => {
    expect(() => decompressLz4(input)).toThrow(RangeError);
  });
});

it('teaches the client of Kafka all that it lacks', async () => {
  registerCodecs();
  const codec = CompressionCodecs[CompressionTypes.ZSTD]() as {
    decompress(bytes: Buffer): Promise<Buffer>;
  };
  expect(await codec.decompress(zstdCompressSync('text'))).toEqual(Buffer.from('text'));
  for (const type of [CompressionTypes.Snappy, CompressionTypes.LZ4] as const) {
    expect(() => CompressionCodecs[type]() as unknown).not.toThrow();
  }
});
