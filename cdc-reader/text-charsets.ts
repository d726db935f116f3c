/** Character sets of several bytes a character that zongji decodes exactly as the server does. */
const WIDE: ReadonlySet<string> = new Set([
  'utf8mb4',
  'utf8mb3',
  'ucs2',
  'utf16',
  'utf16le',
  'utf32',
]);

/** Those of one byte a character: decoded by the server's own table, for libraries differ in places. */
const SINGLE_BYTE: ReadonlySet<string> = new Set([
  ...['armscii8', 'ascii', 'cp1250', 'cp1251', 'cp1256', 'cp1257', 'cp850', 'cp852', 'cp866'],
  ...['dec8', 'geostd8', 'greek', 'hebrew', 'hp8', 'keybcs2', 'koi8r', 'koi8u', 'latin1'],
  ...['latin2', 'latin5', 'latin7', 'macce', 'macroman', 'swe7', 'tis620'],
]);

export function isReadable(charset: string): boolean {
  return WIDE.has(charset) || SINGLE_BYTE.has(charset);
}

export function isSingleByte(charset: string): boolean {
  return SINGLE_BYTE.has(charset);
}

/** Text by byte: 256 entries. */
export type CodeTable = readonly string[];

/** Selects a character set's code table as one row of 256 columns. */
export function codeTableQuery(charset: string): string {
  const codes = Array.from({ length: 256 }, (_, code) => code.toString(16).padStart(2, '0'));
  return `SELECT ${codes.map((hex) => `CONVERT(_${charset} X'${hex}' USING utf8mb4) AS c${hex}`).join(', ')}`;
}

/** @param bytes a text of which each character stands for one byte (`latin1` in Node's words). */
export function decodeBytes(table: CodeTable, bytes: string): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) {
    text += table[bytes.charCodeAt(index)] ?? '';
  }
  return text;
}

const ENCODINGS: Readonly<Record<string, string>> = {
  ...{ utf8mb4: 'utf-8', utf8mb3: 'utf-8', ucs2: 'utf-16be', utf16: 'utf-16be' },
  utf16le: 'utf-16le',
};

/** Decodes texts in a readable character set; `table` is that of a single-byte one. */
export function decodeTexts(
  texts: readonly Buffer[],
  charset: string,
  table: CodeTable | undefined,
): string[] {
  if (table) return texts.map((bytes) => decodeBytes(table, bytes.toString('latin1')));
  if (charset === 'utf32') return texts.map(decodeUtf32);
  const decoder = new TextDecoder(ENCODINGS[charset], { ignoreBOM: true });
  return texts.map((bytes) => decoder.decode(bytes));
}

function decodeUtf32(bytes: Buffer): string {
  const count = bytes.length / 4;
  return String.fromCodePoint(
    ...Array.from({ length: count }, (_, index) => bytes.readUInt32BE(index * 4)),
  );
}
