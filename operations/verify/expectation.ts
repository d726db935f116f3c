import type { CleanValue, Verdict } from '../../schemas/datasets/dataset.ts';
import type { LogColumn } from '../../schemas/datasets/log-dataset.ts';

const REASONS_MAX_BYTES = 2048;

/**
 * What the warehouse must show of a verdict: JSON of the clean values in the order of the columns,
 * or the reasons.
 */
export function expectationOf(
  columns: readonly LogColumn[],
  verdict: Verdict,
): { readonly accepted: boolean; readonly expected: string } {
  if (!verdict.accepted) {
    const reasons = warehouseText(verdict.reasons.join(','), REASONS_MAX_BYTES);
    return { accepted: false, expected: reasons };
  }
  const cells = columns.map((column): CleanValue => {
    const value = verdict.clean[column.name] ?? null;
    return column.type === 'text' && typeof value === 'string'
      ? warehouseText(value, column.maxBytes)
      : value;
  });
  return { accepted: true, expected: JSON.stringify(cells) };
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
