import { hash } from 'node:crypto';
import type { CleanValue, Verdict } from '../../schemas/datasets/dataset.ts';
import type { LogColumn } from '../../schemas/datasets/log-dataset.ts';
import { ORIGINAL_MAX_BYTES } from '../../schemas/image-row.ts';
import type { Piece } from './judged-columns.ts';

const REASONS_MAX_BYTES = 2048;
const CUT_VALUES_MAX_BYTES = 1024;

/** What is kept of a row or entry that is set aside, beside its reasons. */
export interface SetAside {
  /** What would be its key. */
  readonly key: string | null;
  /** As it is kept; a text is cut here. */
  readonly original: string;
  readonly encoding: 'utf8' | 'base64';
  /** Bytes of all of it. */
  readonly bytes: number;
}

/** What the warehouse must hold of a verdict. Texts, not objects: a million of these are held at once. */
export interface Expectation {
  readonly accepted: boolean;
  /** JSON of the clean values in the order of the columns, or the reasons. */
  readonly expected: string;
  /** JSON of what else is kept: see {@link restOf}. Null where an accepted one was kept whole. */
  readonly rest: string | null;
}

/** The columns beside cells, reasons and what is frozen. */
export interface Rest {
  readonly key: Piece;
  /** MD5 of the text. */
  readonly original: Piece;
  readonly encoding: Piece;
  readonly bytes: Piece;
  readonly cutValues: Piece;
}

const nothing: Rest = { key: null, original: null, encoding: null, bytes: null, cutValues: null };

/** Reads {@link Expectation.rest}. */
export function restOf({ rest }: Pick<Expectation, 'rest'>): Rest {
  if (rest === null) return nothing;
  const [key = null, original = null, encoding = null, bytes = null, cutValues = null] = JSON.parse(
    rest,
  ) as Piece[];
  return { key, original, encoding, bytes, cutValues };
}

/**
 * @param keyField the column that is also filled of what is set aside.
 * @param setAside called for what is not accepted.
 */
export function expectationOf(
  columns: readonly LogColumn[],
  keyField: string,
  verdict: Verdict,
  setAside: () => SetAside,
): Expectation {
  if (!verdict.accepted) {
    const { key, original, encoding, bytes } = setAside();
    const keyColumn = columns.find(({ name }) => name === keyField);
    const keyBytes = keyColumn?.type === 'text' ? keyColumn.maxBytes : 0;
    const kept = hash('md5', warehouseText(original, ORIGINAL_MAX_BYTES), 'hex');
    const fitted = key === null ? null : warehouseText(key, keyBytes);
    return {
      accepted: false,
      expected: warehouseText(verdict.reasons.join(','), REASONS_MAX_BYTES),
      rest: JSON.stringify([fitted, kept, encoding, String(bytes), null]),
    };
  }
  const cut: string[] = [];
  const cells = columns.map((column): CleanValue => {
    const value = verdict.clean[column.name] ?? null;
    if (column.type !== 'text' || typeof value !== 'string') return value;
    const bytes = Buffer.byteLength(value.replaceAll('\0', '\ufffd'));
    if (bytes > column.maxBytes) cut.push(`${column.name}=${bytes}`);
    return warehouseText(value, column.maxBytes);
  });
  const cutValues = warehouseText(cut.join(','), CUT_VALUES_MAX_BYTES);
  return {
    accepted: true,
    expected: JSON.stringify(cells),
    rest: cut.length === 0 ? null : JSON.stringify([null, null, null, null, cutValues]),
  };
}

/** A text as the warehouse can hold it: NUL replaced by U+FFFD, whole characters within the width. */
function warehouseText(text: string, maxBytes: number): string {
  const replaced = text.replaceAll('\0', '\ufffd');
  if (Buffer.byteLength(replaced) <= maxBytes) return replaced;
  let bytes = 0;
  let kept = '';
  for (const character of replaced) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
