import type { S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText } from '../runtime/pipeline-error.ts';
import type { DataApi, QueryResult } from '../runtime/redshift/data-api.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { progressQuery } from './image-statements.ts';
import {
  countNegative,
  publishProgress,
  readProgress,
  type EpochProgress,
} from './progress-report.ts';

/**
 * Tells how far the warehouse is after a batch. The batch is loaded by then, so a failure here
 * undoes nothing: it is only logged, and the announcement is made up for later.
 */
export interface Announcer {
  /**
   * @param batchId null at the start, before any batch of this process.
   * @param reportId the batch's own report; without it the warehouse is asked.
   */
  announce(
    batchId: string | null,
    reportId: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes up for an announcement that failed; does nothing when there is none. */
  catchUp(signal: AbortSignal): Promise<void>;
}

export interface AnnouncerOptions {
  readonly api: DataApi;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: TableDataset;
  readonly log: Logger;
  /** Called with the live epochs as soon as they are known. */
  readonly onProgress: (epochs: readonly EpochProgress[]) => void;
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { api, s3, bucket, dataset, log, onProgress } = options;
  let owed:
    { readonly batchId: string | null; readonly epochs?: readonly EpochProgress[] } | undefined;

  async function readReport(
    reportId: string | undefined,
    signal: AbortSignal,
  ): Promise<QueryResult> {
    if (reportId !== undefined) {
      try {
        return await api.result(reportId, { signal });
      } catch (error) {
        signal.throwIfAborted();
        log.info({ reason: errorText(error) }, 'the report of the batch is gone, asking again');
      }
    }
    return api.query(progressQuery(dataset), { signal });
  }

  async function attempt(reportId: string | undefined, signal: AbortSignal): Promise<void> {
    if (!owed) return;
    try {
      if (!owed.epochs) {
        const report = await readReport(reportId, signal);
        const negative = countNegative(report);
        if (negative > 0) {
          log.error(
            { negative },
            'images counted below zero: drift, or their insert is unreadable',
          );
        }
        owed = { ...owed, epochs: readProgress(report) };
        onProgress(owed.epochs ?? []);
      }
      const { batchId, epochs = [] } = owed;
      await publishProgress(s3, bucket, dataset, { batchId, epochs }, signal);
      owed = undefined;
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ reason: errorText(error) }, 'the batch is loaded, but could not be announced');
    }
  }

  return {
    async announce(batchId, reportId, signal) {
      owed = { batchId };
      await attempt(reportId, signal);
    },
    catchUp: (signal) => attempt(undefined, signal),
  };
}
