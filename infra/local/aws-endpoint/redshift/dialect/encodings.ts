import type { ColumnType } from './column-types.ts';
import type { TokenCursor } from './token-cursor.ts';

const whole = ['SMALLINT', 'INTEGER', 'BIGINT', 'DECIMAL'];
const times = ['DATE', 'TIMESTAMP', 'TIMESTAMPTZ'];
const texts = ['CHAR', 'VARCHAR'];
const broken = ['REAL', 'DOUBLE PRECISION'];

/** Types that each encoding takes (c_Compression_encodings); undefined for all. */
const encodings = new Map<string, readonly string[] | undefined>([
  ['auto', undefined],
  ['raw', undefined],
  ['az64', [...whole, ...times]],
  ['bytedict', [...whole, ...broken, ...texts, ...times]],
  ['delta', [...whole, ...times]],
  ['delta32k', ['INTEGER', 'BIGINT', 'DECIMAL', ...times]],
  ['lzo', [...whole, ...texts, ...times]],
  ['mostly8', whole],
  ['mostly16', ['INTEGER', 'BIGINT', 'DECIMAL']],
  ['mostly32', ['BIGINT', 'DECIMAL']],
  ['runlength', undefined],
  ['text255', ['VARCHAR']],
  ['text32k', ['VARCHAR']],
  ['zstd', undefined],
]);

/** Takes the encoding of a column of that type. */
export function encoding(cursor: TokenCursor, type: ColumnType): void {
  const name = cursor.peek().value;
  if (cursor.takeAnyWord(new Set(encodings.keys())) === undefined) {
    cursor.refuse('unknown encoding (c_Compression_encodings)');
  }
  const base = type.text.replace(/\(.*/, '');
  if (encodings.get(name)?.includes(base) === false) {
    cursor.refuse(`encoding of another type than ${base} (c_Compression_encodings)`, undefined, -1);
  }
}
