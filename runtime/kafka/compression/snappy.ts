/** Header of snappy-java's stream, which Java clients and brokers write; others write a bare block. */
const STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** Magic, version, and the oldest version that can read it. */
const STREAM_HEADER_BYTES = STREAM_MAGIC.length + 8;

/**
 * Decompresses what Kafka calls snappy: one block, or a stream of blocks, each with its length in
 * front, as snappy-java writes them.
 *
 * @throws {RangeError} for bytes that are neither.
 */
export function decompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, STREAM_MAGIC.length).equals(STREAM_MAGIC)) return decompressBlock(bytes);
  const blocks: Buffer[] = [];
  let at = STREAM_HEADER_BYTES;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    at += 4;
    blocks.push(decompressBlock(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(blocks);
}

/** One block, see https://github.com/google/snappy/blob/main/format_description.txt. */
function decompressBlock(input: Buffer): Buffer {
  let at = 0;
  const next = (bytes: number): number => {
    const value = input.readUIntLE(at, bytes);
    at += bytes;
    return value;
  };

  const output = Buffer.alloc(readLength(next));
  let end = 0;
  while (at < input.length) {
    const tag = next(1);
    const kind = tag & 3;
    const high = tag >> 2;
    if (kind === 0) {
      const length = 1 + (high < 60 ? high : next(high - 59));
      if (at + length > input.length || end + length > output.length) throw damaged();
      input.copy(output, end, at, at + length);
      at += length;
      end += length;
      continue;
    }
    const length = kind === 1 ? 4 + (high & 7) : 1 + high;
    const offset = kind === 1 ? ((tag >> 5) << 8) | next(1) : next(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > end || end + length > output.length) throw damaged();
    // Byte by byte: what is copied may be what the copy itself has just written.
    for (const stop = end + length; end < stop; end += 1) output[end] = output[end - offset] ?? 0;
  }
  if (end !== output.length) throw damaged();
  return output;
}

/** The length of the text stands in front, seven bits a byte, the lowest first. */
function readLength(next: (bytes: number) => number): number {
  let length = 0;
  for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
    const byte = next(1);
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return length;
  }
  throw damaged();
}

function damaged(): RangeError {
  return new RangeError('not a snappy block');
}
