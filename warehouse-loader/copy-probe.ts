import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText } from '../runtime/pipeline-error.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import type { Ledger } from './ledger.ts';
import { copyStatements } from './load-statements.ts';
import { batchIdOf, writeManifest } from './manifest.ts';

/**
 * Asks whether COPY takes an object that it has taken before, into a temporary table that nobody
 * reads. If it does, role, bucket, keys and warehouse are well.
 *
 * @returns false also when there is none yet, or when it cannot be asked.
 */
export async function probeCopy(options: {
  readonly api: DataApi;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: AnyDataset;
  readonly copyRoleArn: string;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { api, s3, bucket, dataset, copyRoleArn, ledger, log, signal } = options;
  try {
    const known = await ledger.newestLoaded(signal);
    if (!known) return false;
    const batch = { dataset, batchId: batchIdOf([known]), objects: [known] };
    const manifestUrl = await writeManifest(s3, bucket, batch, signal);
    const statements = copyStatements(dataset, { manifestUrl, copyRoleArn });
    const name = `probe-${dataset.entity}`;
    await api.runBatch(
      { name, statements: statements.map(({ sql }) => sql), token: randomUUID() },
      { signal },
    );
    return true;
  } catch (error) {
    signal.throwIfAborted();
    log.info({ reason: errorText(error) }, 'COPY refuses what it took before');
    return false;
  }
}
