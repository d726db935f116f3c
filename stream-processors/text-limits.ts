/** A text that fits a warehouse column: NUL replaced, cut by UTF-8 bytes between characters. */
export interface FittedText {
  readonly text: string;
  /** Bytes of the whole text, where it was cut. */
  readonly cutFromBytes?: number;
}

/**
 * Fits a text into a VARCHAR of so many bytes. PostgreSQL and Redshift store no NUL: U+FFFD takes
 * its place (the raw topic keeps it).
 */
export function fitText(text: string, maxBytes: number): FittedText {
  const clean = text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
  // Three bytes a UTF-16 unit is the most that UTF-8 needs: most texts are decided without encoding.
  if (clean.length * 3 <= maxBytes) return { text: clean };
  const bytes = Buffer.from(clean, 'utf8');
  if (bytes.length <= maxBytes) return { text: clean };
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { text: bytes.toString('utf8', 0, end), cutFromBytes: bytes.length };
}
