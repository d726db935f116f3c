import type { TableDataset } from './datasets/dataset.ts';
import { imageRowColumns, type LakeColumn } from './image-row.ts';

/** Default name of the lake's bucket; config may name another. */
export const DEFAULT_BUCKET = 'careplus-stored-data';

const GLUE_DATABASE = 'careplus_lake';

/** Root of everything that the loader writes; `_` keeps Athena from reading it. */
const LOADER_PREFIX = '_loader/';

/** Where Firehose lands a dataset's Parquet objects. */
export function processedPrefix(dataset: TableDataset): string {
  return `${dataset.name}/processed/`;
}

/** Key of a batch's COPY manifest. */
export function manifestKey(dataset: TableDataset, batchId: string): string {
  return `${LOADER_PREFIX}manifests/${dataset.name}/${batchId}.manifest`;
}

/**
 * Key of the object that the loader overwrites after each batch: whoever wants to know whether
 * the warehouse has moved asks S3 for its ETag, and an idle warehouse is asked nothing.
 */
export function latestBatchKey(dataset: TableDataset): string {
  return `${LOADER_PREFIX}latest/${dataset.name}.json`;
}

export interface GlueTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly LakeColumn[];
}

export function glueTable(dataset: TableDataset): GlueTable {
  return { database: GLUE_DATABASE, name: dataset.glueTable, columns: imageRowColumns(dataset) };
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
export function streamDefinition(dataset: TableDataset, intervalSeconds: number): StreamDefinition {
  return {
    name: dataset.stream,
    prefix: `${processedPrefix(dataset)}dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/`,
    errorPrefix: `${dataset.name}/errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/`,
    intervalSeconds,
    sizeMiB: 64,
    table: glueTable(dataset),
  };
}
