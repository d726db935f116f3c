import type { QualifiedName } from './token-cursor.ts';

/** A statement that PostgreSQL runs. */
export interface SqlTranslation {
  readonly kind: 'sql';
  /** Such as `SELECT` or `CREATE TABLE`. */
  readonly statement: string;
  readonly sql: string;
  readonly returnsRows: boolean;
  /** Names of the parameters behind `$1`, `$2`, … */
  readonly parameters: readonly string[];
  /** Statements of the local endpoint itself behind it: indexes for sort keys, statistics. */
  readonly followUps: readonly string[];
  /** False for what cannot run inside of a transaction block. */
  readonly transactional: boolean;
}

/** COPY from Parquet, which the endpoint runs itself. */
export interface CopyTranslation {
  readonly kind: 'copy';
  readonly statement: 'COPY';
  readonly table: QualifiedName;
  /** The columns to fill; undefined for all. */
  readonly columns: readonly string[] | undefined;
  readonly bucket: string;
  /** Key of the manifest, or prefix of the keys of the objects. */
  readonly key: string;
  readonly manifest: boolean;
  /** Columns that the file lacks at its end are NULL. */
  readonly fillRecord: boolean;
  /** Whether the table is analyzed afterwards (copy-parameters-data-load, STATUPDATE). */
  readonly statistics: 'always' | 'never' | 'of an empty table';
  readonly parameters: readonly string[];
  readonly transactional: true;
}

export type Translation = SqlTranslation | CopyTranslation;
