import type { S3Client } from '@aws-sdk/client-s3';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { ANNOUNCEMENT_VERSION } from '../schemas/format-version.ts';
import { latestBatchKey } from '../schemas/lake-layout.ts';
import type { LoadReport } from './load-report.ts';
import { putText } from './manifest.ts';

/**
 * Tells by an object of the lake that the warehouse has moved: whoever wants to know asks S3 for
 * its ETag, and the warehouse sleeps.
 */
export async function publishProgress(
  s3: S3Client,
  bucket: string,
  dataset: LakeDataset,
  { batchId, report }: { readonly batchId: string | null; readonly report: LoadReport },
  signal: AbortSignal,
): Promise<void> {
  const text = JSON.stringify({
    version: ANNOUNCEMENT_VERSION,
    batch_id: batchId ?? 'start',
    loaded_at_ms: Date.now(),
    ...report.news,
  });
  await putText(s3, { bucket, key: latestBatchKey(dataset), text }, signal);
}
