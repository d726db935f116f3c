import type { DeliveryCounts } from '../endpoint-stats.ts';
import { LineFile } from './line-file.ts';
import { compileConversion, type ConversionFailure } from './openx-json.ts';
import { compileRowLine } from './parquet-converter.ts';
import { readSegment, type SpooledRecord } from './segments.ts';
import type { StreamConfig } from './stream-config.ts';

export interface SegmentFiles {
  readonly segmentFile: string;
  /** Takes the rows, for the Parquet converter. */
  readonly rowsFile: string;
  /** Takes a JSON line for each record that does not convert. */
  readonly failuresFile: string;
  /** Records, by their place in the segment, that vanish without a trace. */
  readonly lost: { readonly first: number; readonly count: number } | undefined;
}

/** Compiles the first step of a stream's deliveries: a segment's records, parted into rows and failures. */
export function compileSegmentConversion(config: StreamConfig) {
  const convert = compileConversion(config.table.columns);
  const rowLine = compileRowLine(config.table.columns);

  return async (files: SegmentFiles): Promise<Omit<DeliveryCounts, 'objects'>> => {
    const { lost } = files;
    const rows = await LineFile.create(files.rowsFile);
    const failures = await LineFile.create(files.failuresFile);
    const counts = { rows: 0, failedRecords: 0, lostRecords: 0 };
    let number = -1;
    try {
      for await (const records of readSegment(files.segmentFile)) {
        for (const record of records) {
          number++;
          if (lost !== undefined && number >= lost.first && number < lost.first + lost.count) {
            counts.lostRecords++;
            continue;
          }
          const conversion = convert(Buffer.from(record.base64, 'base64'));
          if ('row' in conversion) {
            counts.rows++;
            rows.add(rowLine(number, conversion.row));
          } else {
            counts.failedRecords++;
            failures.add(failureLine(config, record, number, conversion.failure));
          }
        }
        await rows.flushFull();
        await failures.flushFull();
      }
    } finally {
      await rows.close();
      await failures.close();
    }
    return counts;
  };
}

/** A line of an error object, with the fields of the developer guide's page. */
function failureLine(
  { table, catalog }: StreamConfig,
  { arrivalMs, base64 }: SpooledRecord,
  number: number,
  { code, message }: ConversionFailure,
): string {
  return JSON.stringify({
    attemptsMade: 1,
    arrivalTimestamp: arrivalMs,
    lastErrorCode: code,
    lastErrorMessage: message,
    attemptEndingTimestamp: Date.now(),
    rawData: base64,
    sequenceNumber: String(number),
    subSequenceNumber: 0,
    dataCatalogTable: {
      catalogId: catalog.catalogId,
      databaseName: table.database,
      tableName: table.name,
      region: catalog.region,
      versionId: catalog.versionId,
      catalogArn: `arn:aws:glue:${catalog.region}:${catalog.catalogId}:catalog`,
    },
  });
}
