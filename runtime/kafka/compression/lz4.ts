const FRAME_MAGIC = 0x184d2204;
const STORED = 0x80000000;
const MIN_MATCH = 4;

/** Flags of a frame's descriptor. */
const flags = { blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 };

/**
 * Decompresses an LZ4 frame, see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md.
 * Checksums are passed over: Kafka has one of its own over the whole batch.
 *
 * @throws {RangeError} for bytes that are none.
 */
export function decompressLz4(bytes: Buffer): Buffer {
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) throw damaged();
  const flag = bytes.readUInt8(4);
  if ((flag & flags.dictionary) !== 0) throw damaged();
  // Magic, flags, largest block, checksum of the descriptor.
  let at = 7 + ((flag & flags.contentSize) === 0 ? 0 : 8);
  const output = new GrowingBuffer(bytes.length * 4);
  for (;;) {
    const size = bytes.readUInt32LE(at);
    at += 4;
    if (size === 0) return output.bytes();
    const length = size % STORED;
    if (at + length > bytes.length) throw damaged();
    const block = bytes.subarray(at, at + length);
    if (size >= STORED) output.append(block);
    else decompressBlock(block, output);
    at += length + ((flag & flags.blockChecksum) === 0 ? 0 : 4);
  }
}

/** One block; its matches may lie in the blocks before it. */
function decompressBlock(input: Buffer, output: GrowingBuffer): void {
  let at = 0;
  /** A length that does not fit into the four bits of its token goes on in bytes. */
  const lengthFrom = (bits: number): number => {
    let length = bits;
    if (bits < 15) return length;
    for (;;) {
      const byte = input.readUInt8(at);
      at += 1;
      length += byte;
      if (byte < 255) return length;
    }
  };

  while (at < input.length) {
    const token = input.readUInt8(at);
    at += 1;
    const literals = lengthFrom(token >> 4);
    if (at + literals > input.length) throw damaged();
    output.append(input.subarray(at, at + literals));
    at += literals;
    // The last sequence has no match.
    if (at === input.length) return;
    const offset = input.readUInt16LE(at);
    at += 2;
    output.repeat(offset, lengthFrom(token & 15) + MIN_MATCH);
  }
}

class GrowingBuffer {
  #buffer: Buffer;
  #end = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  append(bytes: Buffer): void {
    this.#reserve(bytes.length);
    bytes.copy(this.#buffer, this.#end);
    this.#end += bytes.length;
  }

  /** Appends what stands `offset` bytes before the end; that may be what is being appended. */
  repeat(offset: number, length: number): void {
    if (offset === 0 || offset > this.#end) throw damaged();
    this.#reserve(length);
    const buffer = this.#buffer;
    for (const stop = this.#end + length; this.#end < stop; this.#end += 1) {
      buffer[this.#end] = buffer[this.#end - offset] ?? 0;
    }
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#end + bytes, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}

function damaged(): RangeError {
  return new RangeError('not an LZ4 frame');
}
