import type { S3Client } from '@aws-sdk/client-s3';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { ANNOUNCEMENT_VERSION } from '../schemas/format-version.ts';
import { holesKey } from '../schemas/lake-layout.ts';
import { putText } from './manifest.ts';

/**
 * Tells by an object of the lake what is missing: the archiver reads it and sends the numbers
 * again. So the two stages need to know nothing of each other.
 */
export interface HoleReport {
  /** What is missing now. */
  note(holes: readonly object[]): void;
  /**
   * A batch has been loaded: the next call writes in any case, for a loader whose place this one
   * took may have written late.
   */
  renew(): void;
  /**
   * Writes the object if it says something else; the first time in any case, for an earlier
   * loader may have left one.
   *
   * @throws {PipelineError} LAKE_4002, retryable: the next call tries again.
   */
  publish(signal: AbortSignal): Promise<void>;
}

export function createHoleReport(s3: S3Client, bucket: string, dataset: LakeDataset): HoleReport {
  let wanted = '';
  let written: string | undefined;
  return {
    note(holes) {
      wanted = JSON.stringify({ version: ANNOUNCEMENT_VERSION, holes });
    },
    renew() {
      wanted = '';
      written = undefined;
    },
    async publish(signal) {
      if (wanted === '' || wanted === written) return;
      const text = wanted;
      await putText(s3, { bucket, key: holesKey(dataset), text }, signal);
      written = text;
    },
  };
}
