import { hash } from 'node:crypto';

/** Bytes that the mapped values of one row may take in its change record, together. */
const MAPPED_BYTES = 600_000;

/** What a TEXT column holds at most, and a VARCHAR of the warehouse. */
export const TEXT_BYTES = 65_535;

/**
 * Bytes of one mapped value that travel: so many that a row of such values still is one record.
 * A function of the mapping alone, for the same value must give the same text in every record.
 */
export function mappedValueBytes(mapping: readonly unknown[]): number {
  return Math.min(TEXT_BYTES, Math.floor(MAPPED_BYTES / mapping.length));
}

/**
 * A canonical text as it travels and as images are told apart by it: whole, or its beginning with
 * the size and the hash of the whole.
 */
export function carriedText(text: string, maxBytes: number): string {
  // Three bytes a UTF-16 unit is the most that UTF-8 needs: most texts are decided without encoding.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const beginning = bytes.toString('utf8', 0, end);
  return `${beginning}… [${bytes.length} bytes, SHA-256 ${hash('sha256', bytes)}]`;
}
