import { createHash } from 'node:crypto';

/** Length of every identity hash: 128 bits of SHA-256 in hex. */
const HASH_LENGTH = 32;

/**
 * Identity of a row image: SHA-256 over the canonical texts in mapped order, before any value is
 * cut. Each value is length-prefixed, so neighbours cannot run together; NULL differs from ''.
 *
 * @returns 32 hex digits.
 */
export function imageId(values: readonly (string | null)[]): string {
  const hash = createHash('sha256');
  const prefix = Buffer.alloc(5);
  for (const value of values) {
    if (value === null) {
      hash.update('\0');
      continue;
    }
    const bytes = Buffer.from(value, 'utf8');
    prefix.writeUInt8(1, 0);
    prefix.writeUInt32BE(bytes.length, 1);
    hash.update(prefix);
    hash.update(bytes);
  }
  return hash.digest('hex').slice(0, HASH_LENGTH);
}

/**
 * Hash of a raw key. Keys compare byte for byte, but Redshift ignores trailing blanks in VARCHAR:
 * joins and grouping go over this hash, never over the text. A row without a key is its own key.
 *
 * @returns 32 hex digits.
 */
export function keyHash(key: string | null, ofImage: string): string {
  const text = key === null || key === '' ? `?${ofImage}` : `=${key}`;
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, HASH_LENGTH);
}

/** Image id of a record that could not be read: unique by its number, never a hash. */
export function unreadableImageId(seq: number): string {
  return `x:${seq}`;
}
