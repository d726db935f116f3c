import type { LogColumn, LogDataset } from './datasets/log-dataset.ts';
import { ORIGINAL_MAX_BYTES } from './image-row.ts';
import { bigint, int, text, type LakeColumn } from './lake-column.ts';

/**
 * Kind of a lake row of a log: `E` an entry, `F` filler, `P` the second part of an entry that a
 * rotation cut (it counts with its first part), `X` a block whose record could not be read.
 * Every row covers its range of the file; only `E` and `X` are in the books.
 */
export type LogRowKind = 'E' | 'F' | 'P' | 'X';

export const LOG_PATH_MAX_BYTES = 1024;

const identityColumns = [
  text('host', 255),
  /** `<birth ms>-<fingerprint>` of the file. */
  text('generation', 128),
  bigint('generation_start'),
  /** First byte of the range, and its length. */
  bigint('pos'),
  bigint('len'),
  text('kind', 1),
  /** Of `E` and `P`; '' of the others. */
  text('entry_id', 32),
] as const;

/** `sort_ms` is the frozen time read from the text, 0 if none. */
const judgementColumns = [int('rules_version'), int('accepted'), bigint('sort_ms')] as const;

const evidenceColumns = [
  /** `field:reason`, comma-separated; NULL when accepted. */
  text('reasons', 2048),
  /** The entry as it stood, only of quarantined ones and of `P`, cut at ORIGINAL_MAX_BYTES. */
  text('original', ORIGINAL_MAX_BYTES),
  /** `utf8`, or `base64` where the bytes are no text that a warehouse can hold. */
  text('original_encoding', 16),
  /** Length in bytes of the whole original. */
  bigint('original_bytes'),
  /** `column=true length in bytes` of every clean text that was cut, comma-separated. */
  text('cut_values', 1024),
  text('book_day', 10),
  text('path', LOG_PATH_MAX_BYTES),
  bigint('read_at_ms'),
  int('kafka_partition'),
  bigint('kafka_offset'),
] as const;

/** Column of the lake for a clean column: Glue's types here are text and whole numbers. */
function cleanLakeColumn(column: LogColumn): LakeColumn {
  switch (column.type) {
    case 'text':
      return text(column.name, column.maxBytes);
    case 'integer':
    case 'boolean':
      return int(column.name);
    case 'hundredths':
      return int(`${column.name}_hundredths`);
    case 'timestamp':
      return bigint(`${column.name}_ms`);
  }
}

/** All columns of a log dataset's rows: Glue table, Parquet file and stage table alike. */
export function logRowColumns(dataset: LogDataset): readonly LakeColumn[] {
  return [...identityColumns, ...logVerdictColumns(dataset)];
}

/** The columns that an entry's state keeps beside its id, copies and place: verdict, values, evidence. */
export function logVerdictColumns(dataset: LogDataset): readonly LakeColumn[] {
  return [...judgementColumns, ...dataset.cleanColumns.map(cleanLakeColumn), ...evidenceColumns];
}
