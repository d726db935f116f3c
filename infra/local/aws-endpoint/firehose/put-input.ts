import { z } from 'zod';
import { AwsServiceError } from '../service.ts';
import { streamNameSchema, validationError } from './stream-config.ts';

const MAX_RECORDS = 500;
const MAX_RECORD_BYTES = 1000 * 1024;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

const recordSchema = z.strictObject({ Data: z.string() });

const putSchema = z.strictObject({ DeliveryStreamName: streamNameSchema, Record: recordSchema });
const putBatchSchema = z.strictObject({
  DeliveryStreamName: streamNameSchema,
  Records: z.array(recordSchema).min(1).max(MAX_RECORDS),
});

export interface PutInput {
  readonly stream: string;
  /** Each record's data, in base64. */
  readonly records: readonly string[];
  /** Length of each record's data. */
  readonly sizes: readonly number[];
}

/** @throws {AwsServiceError} */
export function parsePut(input: unknown): PutInput {
  const parsed = putSchema.safeParse(input);
  if (!parsed.success) throw validationError(parsed.error);
  return measured(parsed.data.DeliveryStreamName, [parsed.data.Record]);
}

/**
 * Reads the input of PutRecordBatch: at most 500 records, each at most 1,000 KiB before base64, and
 * 4 MiB together. Protocol: Firehose API reference, PutRecordBatch.
 *
 * @throws {AwsServiceError}
 */
export function parsePutBatch(input: unknown): PutInput {
  const parsed = putBatchSchema.safeParse(input);
  if (!parsed.success) throw validationError(parsed.error);
  const put = measured(parsed.data.DeliveryStreamName, parsed.data.Records);
  if (sum(put.sizes) > MAX_BATCH_BYTES) {
    throw new AwsServiceError('InvalidArgumentException', 'Records size exceeds 4 MB limit');
  }
  return put;
}

function measured(stream: string, records: readonly { readonly Data: string }[]): PutInput {
  const sizes = records.map(({ Data }) => dataBytes(Data));
  if (sizes.some((size) => size > MAX_RECORD_BYTES)) {
    throw new AwsServiceError(
      'ValidationException',
      "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have " +
        `length less than or equal to ${MAX_RECORD_BYTES}`,
    );
  }
  return { stream, records: records.map(({ Data }) => Data), sizes };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function dataBytes(base64: string): number {
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new AwsServiceError('SerializationException', 'Data is not valid base64.');
  }
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
