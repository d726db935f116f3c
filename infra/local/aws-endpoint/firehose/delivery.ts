import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliveryCounts } from '../endpoint-stats.ts';
import type { ServiceFault } from '../faults.ts';
import { fileBody, type ObjectStore } from '../s3/object-store.ts';
import type { ParquetConverter } from './parquet-converter.ts';
import { evaluatePrefix, type PrefixTemplate } from './prefix-expressions.ts';
import { compileSegmentConversion } from './segment-conversion.ts';
import { duplicateUuid, type Segment, segmentFile, segmentSeed } from './segments.ts';
import type { StreamConfig } from './stream-config.ts';

const OBJECT_HEADERS = { 'content-type': 'application/octet-stream' };

/** Firehose labels its Parquet so, though the file is plain Parquet: a reader must pass over it. */
const PARQUET_HEADERS = { ...OBJECT_HEADERS, 'content-encoding': 'hadoop-snappy' };

const FAILURE_TYPE = 'format-conversion-failed';

export interface DeliveryOptions {
  readonly config: StreamConfig;
  readonly spoolFolder: string;
  /** For files under way; emptied at start. */
  readonly workFolder: string;
  readonly store: ObjectStore;
  readonly converter: ParquetConverter;
}

/**
 * Compiles the delivery of a stream's segments: rows as one Parquet object under the prefix, records
 * that do not convert as JSON lines under the error prefix. All names derive from the segment, so
 * that a delivery that is repeated after a crash makes no second object.
 * Protocol: Firehose developer guide, "Configure Amazon S3 object name format"; "Handling errors for
 * data format conversion".
 *
 * @returns a function that gives what it delivered; it throws where S3 or the disk fails.
 */
export function compileDelivery(options: DeliveryOptions) {
  const { config, spoolFolder, workFolder, store, converter } = options;
  const convertSegment = compileSegmentConversion(config);

  return async (segment: Segment, fault: ServiceFault | undefined): Promise<DeliveryCounts> => {
    const key = objectKey(config, config.prefix, segment) + config.fileExtension;
    const file = (name: string) => join(workFolder, `${segment.uuid}.${name}`);
    const rowsFile = file('rows');
    const failuresFile = file('failures');
    const parquetFile = file('parquet');
    const putFile = (name: string, path: string, headers: Record<string, string>) =>
      store.put(config.bucket, name, fileBody(path), { headers });
    try {
      // The Parquet object comes last: where it is, all is delivered.
      if ((await store.head(config.bucket, key)) !== undefined) return nothing;
      const counts = await convertSegment({
        segmentFile: join(spoolFolder, segmentFile(segment)),
        rowsFile,
        failuresFile,
        lost: fault?.action === 'lose-records' ? fault : undefined,
      });
      if (counts.failedRecords > 0) {
        await putFile(objectKey(config, config.errorPrefix, segment), failuresFile, OBJECT_HEADERS);
      }
      if (counts.rows === 0) return { ...counts, objects: 0 };
      const seed = segmentSeed(segment);
      await converter.convert(rowsFile, config.table.columns, config.codec, seed, parquetFile);
      const isTwice = fault?.action === 'duplicate-object';
      if (isTwice) {
        const twin = { ...segment, uuid: duplicateUuid(segment) };
        const twinKey = objectKey(config, config.prefix, twin) + config.fileExtension;
        await putFile(twinKey, parquetFile, PARQUET_HEADERS);
      }
      await putFile(key, parquetFile, PARQUET_HEADERS);
      return { ...counts, objects: isTwice ? 2 : 1 };
    } finally {
      for (const path of [rowsFile, failuresFile, parquetFile]) await rm(path, { force: true });
    }
  };
}

const nothing: DeliveryCounts = { objects: 0, rows: 0, failedRecords: 0, lostRecords: 0 };

/** `<evaluated prefix><stream>-<version>-yyyy-MM-dd-HH-mm-ss-<uuid>`, without an extension. */
function objectKey(config: StreamConfig, template: PrefixTemplate, segment: Segment): string {
  let drawn = 0;
  const prefix = evaluatePrefix(template, {
    arrivalMs: segment.arrivalMs,
    errorOutputType: FAILURE_TYPE,
    randomString: () => randomString(`${segment.uuid} ${drawn++}`),
  });
  const time = new Date(segment.arrivalMs).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  return `${prefix}${config.name}-${config.versionId}-${time}-${segment.uuid}`;
}

/** 11 letters and digits, the same for the same seed. */
function randomString(seed: string): string {
  const digest = createHash('sha256').update(seed).digest('hex');
  return BigInt(`0x${digest}`).toString(36).slice(0, 11);
}
