import type { S3Client } from '@aws-sdk/client-s3';
import type { QueryResult, WarehouseRow } from '../runtime/redshift/data-api.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { latestBatchKey } from '../schemas/lake-layout.ts';
import { putText } from './manifest.ts';

/** How far the warehouse is in one live epoch of one source. */
export interface EpochProgress {
  readonly source: string;
  readonly epoch: number;
  /** The frontier. */
  readonly seq: number;
  readonly shown: boolean;
  /** Commit time of the newest source transaction inside the frontier, epoch ms. */
  readonly committed_ms: number;
  /** Images above the frontier. */
  readonly waiting: number;
}

/** Reads the rows of the report statement. */
export function readProgress({ rows }: QueryResult): EpochProgress[] {
  return rows.map((row) => ({
    source: String(row['source']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    shown: Number(row['shown']) === 1,
    committed_ms: Number(row['committed_ms']),
    waiting: Number(row['waiting']),
  }));
}

/** Images of the batch whose count fell below zero. */
export function countNegative({ rows }: QueryResult): number {
  return rows.reduce((sum: number, row: WarehouseRow) => sum + Number(row['negative'] ?? 0), 0);
}

/**
 * Tells by an object of the lake that the warehouse has moved: whoever wants to know asks S3 for
 * its ETag, and the warehouse sleeps. The first source's shown epoch stands at the top.
 */
export async function publishProgress(
  s3: S3Client,
  bucket: string,
  dataset: TableDataset,
  news: { readonly batchId: string | null; readonly epochs: readonly EpochProgress[] },
  signal: AbortSignal,
): Promise<void> {
  const shown = news.epochs.find((epoch) => epoch.shown);
  const text = JSON.stringify({
    batch_id: news.batchId ?? 'start',
    loaded_at_ms: Date.now(),
    source: shown?.source ?? null,
    epoch: shown?.epoch ?? null,
    seq: shown?.seq ?? null,
    shown: shown !== undefined,
    committed_ms: shown?.committed_ms ?? null,
    epochs: news.epochs,
  });
  await putText(s3, { bucket, key: latestBatchKey(dataset), text }, signal);
}
