import type { CleanValue } from '../schemas/datasets/dataset.ts';
import type { LogColumn } from '../schemas/datasets/log-dataset.ts';
import type { LakeRow } from './batch-processor.ts';
import { fitText } from './text-limits.ts';

const CUT_VALUES_MAX_BYTES = 1024;

/** Clean values as lake columns: times in ms, decimals in hundredths, long texts cut and noted. */
export function cleanColumns(
  columns: readonly LogColumn[],
  clean: Readonly<Record<string, CleanValue>>,
): LakeRow {
  const row: Record<string, CleanValue> = {};
  const cut: string[] = [];
  for (const column of columns) {
    const value = clean[column.name] ?? null;
    if (column.type === 'timestamp') row[`${column.name}_ms`] = value;
    else if (column.type === 'hundredths') row[`${column.name}_hundredths`] = value;
    else if (column.type === 'text' && typeof value === 'string') {
      const fitted = fitText(value, column.maxBytes);
      row[column.name] = fitted.text;
      if (fitted.cutFromBytes !== undefined) cut.push(`${column.name}=${fitted.cutFromBytes}`);
    } else row[column.name] = value;
  }
  if (cut.length > 0) row['cut_values'] = fitText(cut.join(','), CUT_VALUES_MAX_BYTES).text;
  return row;
}

/** A raw key as it fits its column; null where there is none. */
export function keyColumn(
  columns: readonly LogColumn[],
  name: string,
  key: string | null,
): LakeRow {
  const column = columns.find((each) => each.name === name);
  const maxBytes = column?.type === 'text' ? column.maxBytes : 0;
  return { [name]: key === null ? null : fitText(key, maxBytes).text };
}
