import { isTableDataset, type AnyDataset } from './datasets/any-dataset.ts';
import type { LakeDataset } from './datasets/lake-dataset.ts';
import { imageRowColumns } from './image-row.ts';
import type { LakeColumn } from './lake-column.ts';
import { logRowColumns } from './log-row.ts';

/** Default name of the lake's bucket; config may name another. */
export const DEFAULT_BUCKET = 'careplus-stored-data';

const GLUE_DATABASE = 'careplus_lake';

/** Root of everything that the loader writes; `_` keeps Athena from reading it. */
export const LOADER_PREFIX = '_loader/';

/** Where Firehose lands a dataset's Parquet objects. */
export function processedPrefix(dataset: LakeDataset): string {
  return `${dataset.name}/processed/`;
}

/** Key of a batch's COPY manifest. */
export function manifestKey(dataset: LakeDataset, batchId: string): string {
  return `${LOADER_PREFIX}manifests/${dataset.name}/${batchId}.manifest`;
}

/**
 * Key of the object that the loader overwrites after each batch: whoever wants to know whether
 * the warehouse has moved asks S3 for its ETag, and an idle warehouse is asked nothing.
 */
export function latestBatchKey(dataset: LakeDataset): string {
  return `${LOADER_PREFIX}latest/${dataset.name}.json`;
}

/** Key of the object in which the loader says what is missing; see `holes.ts`. */
export function holesKey(dataset: LakeDataset): string {
  return `${LOADER_PREFIX}holes/${dataset.name}.json`;
}

export interface GlueTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly LakeColumn[];
}

export function glueTable(dataset: AnyDataset): GlueTable {
  const columns = isTableDataset(dataset) ? imageRowColumns(dataset) : logRowColumns(dataset);
  return { database: GLUE_DATABASE, name: dataset.glueTable, columns };
}

/** A delivery stream as `CreateDeliveryStream` needs it, without account-specific ARNs. */
export interface StreamDefinition {
  readonly name: string;
  readonly prefix: string;
  readonly errorPrefix: string;
  /** Seconds, 0–900. */
  readonly intervalSeconds: number;
  /** MiB; with format conversion AWS refuses less than 64. */
  readonly sizeMiB: number;
  readonly table: GlueTable;
}

/** Partitioned by arrival; event time is a column, for a replay spreads over months of event days. */
export function streamDefinition(dataset: AnyDataset, intervalSeconds: number): StreamDefinition {
  return {
    name: dataset.stream,
    prefix: `${processedPrefix(dataset)}dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/`,
    errorPrefix: `${dataset.name}/errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/`,
    intervalSeconds,
    sizeMiB: 64,
    table: glueTable(dataset),
  };
}
