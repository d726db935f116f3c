import type { CleanColumn, TableDataset } from './datasets/dataset.ts';
import { bigint, int, text, type LakeColumn } from './lake-column.ts';

/**
 * Kind of a lake row: `+` image appears, `-` image goes, `T` barrier, `E` end of a snapshot,
 * `X` an image whose record could not be read.
 */
export type ImageKind = '+' | '-' | 'T' | 'E' | 'X';

/** Rank of an unreadable image: before every real one, and still exact in a JSON number. */
export const UNREADABLE_RANK = 9_007_199_254_740_000;

export const ORIGINAL_MAX_BYTES = 16 * 1024;

const identityColumns = [
  text('source', 255),
  bigint('epoch'),
  bigint('seq'),
  int('tx_end'),
  text('kind', 1),
  text('key_hash', 32),
  text('image_id', 32),
] as const;

const judgementColumns = [bigint('rank'), int('rules_version'), int('accepted')] as const;

const evidenceColumns = [
  /** `field:reason`, comma-separated; NULL when accepted. */
  text('reasons', 2048),
  /** The mapped columns as JSON, only of quarantined images, cut at ORIGINAL_MAX_BYTES. */
  text('original', ORIGINAL_MAX_BYTES),
  /** Length in bytes of the whole original. */
  bigint('original_bytes'),
  /** `column=true length in bytes` of every clean text that was cut, comma-separated. */
  text('cut_values', 1024),
  text('book_day', 10),
  text('gtid', 255),
  bigint('committed_ms'),
  bigint('read_at_ms'),
  int('kafka_partition'),
  bigint('kafka_offset'),
] as const;

/** Column of the lake for a clean column: times travel as epoch milliseconds. */
function cleanLakeColumn(column: CleanColumn): LakeColumn {
  switch (column.type) {
    case 'text':
      return text(column.name, column.maxBytes);
    case 'integer':
      return int(column.name);
    case 'timestamp':
      return bigint(`${column.name}_ms`);
  }
}

/** All columns of a dataset's image rows: Glue table, Parquet file and stage table alike. */
export function imageRowColumns(dataset: TableDataset): readonly LakeColumn[] {
  return [
    ...identityColumns,
    ...judgementColumns,
    ...dataset.cleanColumns.map(cleanLakeColumn),
    ...evidenceColumns,
  ];
}

/**
 * The columns that an image's state keeps beside its identity and copies: the verdict, the clean
 * values and where they came from.
 */
export function verdictColumns(dataset: TableDataset): readonly LakeColumn[] {
  return [...judgementColumns, ...dataset.cleanColumns.map(cleanLakeColumn), ...evidenceColumns];
}
