import type { S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText } from '../runtime/pipeline-error.ts';
import type { DataApi, QueryResult } from '../runtime/redshift/data-api.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import type { LoadPlan } from './load-plan.ts';
import type { LoadReport, Position } from './load-report.ts';
import { publishProgress } from './progress-report.ts';

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
  readonly dataset: LakeDataset;
  readonly plan: Pick<LoadPlan, 'progressQuery' | 'readReport'>;
  readonly log: Logger;
  /** Called with the frontiers as soon as they are known. */
  readonly onProgress: (positions: readonly Position[]) => void;
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { api, s3, bucket, dataset, plan, log, onProgress } = options;
  let owed: { readonly batchId: string | null; readonly report?: LoadReport } | undefined;

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
    return api.query(plan.progressQuery, { signal });
  }

  function tell({ negative, positions }: LoadReport): void {
    if (negative > 0) {
      log.error({ negative }, 'images counted below zero: drift, or their insert is unreadable');
    }
    onProgress(positions);
  }

  async function attempt(reportId: string | undefined, signal: AbortSignal): Promise<void> {
    if (!owed) return;
    try {
      const { batchId } = owed;
      const report = owed.report ?? plan.readReport(await readReport(reportId, signal));
      if (!owed.report) {
        owed = { batchId, report };
        tell(report);
      }
      await publishProgress(s3, bucket, dataset, { batchId, report }, signal);
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
