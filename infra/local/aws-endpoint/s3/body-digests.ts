import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Digests of a body, computed as it passes. */
export class BodyDigests {
  readonly #md5 = createHash('md5');
  readonly #sha256 = createHash('sha256');
  #crc32 = 0;
  size = 0;

  update(chunk: Buffer): void {
    this.#md5.update(chunk);
    this.#sha256.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    this.size += chunk.length;
  }

  /** Ends the digests; call once. */
  finish(): FinishedDigests {
    return {
      size: this.size,
      md5: this.#md5.digest(),
      sha256: this.#sha256.digest(),
      crc32: crc32Bytes(this.#crc32),
    };
  }
}

export interface FinishedDigests {
  readonly size: number;
  readonly md5: Buffer;
  readonly sha256: Buffer;
  /** Big-endian, as S3 writes it in base64. */
  readonly crc32: Buffer;
}

/** Digests of a body that is at hand whole. */
export function digestsOf(body: Buffer): FinishedDigests {
  const digests = new BodyDigests();
  digests.update(body);
  return digests.finish();
}

function crc32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
