import { hash } from 'node:crypto';

/** Length of every identity hash: 128 bits of SHA-256 in hex. */
const HASH_LENGTH = 32;

/**
 * Identity of a row image: SHA-256 over the canonical texts in mapped order, before any value is
 * cut. Each value is length-prefixed, so neighbours cannot run together; NULL differs from ''.
 *
 * @returns 32 hex digits.
 */
export function imageId(values: readonly (string | null)[]): string {
  let size = 0;
  for (const value of values) size += value === null ? 1 : 5 + Buffer.byteLength(value, 'utf8');
  const bytes = Buffer.allocUnsafe(size);
  let end = 0;
  for (const value of values) {
    end = bytes.writeUInt8(value === null ? 0 : 1, end);
    if (value === null) continue;
    const start = end + 4;
    end = start + bytes.write(value, start, 'utf8');
    bytes.writeUInt32BE(end - start, start - 4);
  }
  return shortHash(bytes);
}

/**
 * Hash of a raw key. Keys compare byte for byte, but Redshift ignores trailing blanks in VARCHAR:
 * joins and grouping go over this hash, never over the text. A row without a key is its own key.
 *
 * @returns 32 hex digits.
 */
export function keyHash(key: string | null, ofImage: string): string {
  const text = key === null || key === '' ? `?${ofImage}` : `=${key}`;
  return shortHash(text);
}

/** In one call: a hash object costs more than the hashing of so few bytes. */
function shortHash(data: string | Buffer): string {
  return hash('sha256', data, 'hex').slice(0, HASH_LENGTH);
}

/** Image id of a record that could not be read: unique by its number, never a hash. */
export function unreadableImageId(seq: number): string {
  return `x:${seq}`;
}
