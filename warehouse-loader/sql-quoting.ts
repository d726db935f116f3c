const NAME = /^[a-z][a-z0-9_]{0,60}$/;

/**
 * A text as an SQL literal that Redshift and PostgreSQL read alike. A backslash is an escape in
 * Redshift's literals but not in standard ones, so it is written as CHR(92).
 *
 * @throws {TypeError} on NUL, which no warehouse text can hold.
 */
export function quoteText(text: string): string {
  if (text.includes('\0')) throw new TypeError('a warehouse text cannot hold NUL');
  return text
    .split('\\')
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join(' || CHR(92) || ');
}

/**
 * A name for use as an identifier, unquoted.
 *
 * @throws {TypeError} when it is not lower case letters, digits and `_`.
 */
export function sqlName(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`not an SQL name: ${JSON.stringify(name)}`);
  return name;
}

/** An integer as an SQL literal. */
export function sqlInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not an integer: ${value}`);
  return String(value);
}

/** A text cut to what a VARCHAR of that many bytes holds, at a character's edge. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
