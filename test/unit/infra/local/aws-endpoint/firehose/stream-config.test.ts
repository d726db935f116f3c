import { describe, expect, it } from 'vitest';
import { parseStreamConfig } from '../../../../../../infra/local/aws-endpoint/firehose/stream-config.ts';
import { evaluatePrefix } from '../../../../../../infra/local/aws-endpoint/firehose/prefix-expressions.ts';

const role = 'arn:aws:iam::000000000000:role/firehose';
const table = { database: 'lake', name: 'rows', columns: [] };

const conversion = {
  InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
  OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  SchemaConfiguration: { RoleARN: role, DatabaseName: 'lake', TableName: 'rows' },
};

const destination = {
  RoleARN: role,
  BucketARN: 'arn:aws:s3:::bucket',
  Prefix: 'p/!{timestamp:yyyy}/',
  ErrorOutputPrefix: 'e/!{firehose:error-output-type}/',
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 },
  DataFormatConversionConfiguration: conversion as object,
};

const parse = (changed: object) =>
  parseStreamConfig(
    {
      DeliveryStreamName: 'stream',
      ExtendedS3DestinationConfiguration: { ...destination, ...changed },
    },
    [table],
  );

describe('parseStreamConfig', () => {
  it('gives complete settings', () => {
    expect(parse({})).toMatchObject({
      name: 'stream',
      bucket: 'bucket',
      bufferBytes: 64 * 1024 * 1024,
      intervalMs: 0,
      codec: 'snappy',
      fileExtension: '.parquet',
      table,
      catalog: { catalogId: '000000000000', versionId: 'LATEST' },
    });
  });

  it('takes 128 MiB and 300 s where no hints are given', () => {
    expect(parse({ BufferingHints: undefined })).toMatchObject({
      bufferBytes: 128 * 1024 * 1024,
      intervalMs: 300_000,
    });
  });

  it('appends year, month, day and hour to a prefix without a timestamp, with no slash between', () => {
    const { prefix } = parse({ Prefix: 'legacy' });
    const values = { arrivalMs: Date.parse('2026-07-13T14:00:00Z'), randomString: () => '' };
    expect(evaluatePrefix(prefix, values)).toBe('legacy2026/07/13/14/');
  });

  it.each([
    ['SizeInMBs below 64', { BufferingHints: { SizeInMBs: 63, IntervalInSeconds: 60 } }],
    ['one hint alone', { BufferingHints: { SizeInMBs: 64 } }],
    ['a compression beside the conversion', { CompressionFormat: 'GZIP' }],
    ['expressions without an error prefix', { ErrorOutputPrefix: undefined }],
    ['an error prefix without its type', { ErrorOutputPrefix: 'e/!{timestamp:yyyy}/' }],
    ['an error type in the prefix', { Prefix: 'p/!{firehose:error-output-type}/' }],
    ['dynamic partitioning keys', { Prefix: 'p/!{partitionKeyFromQuery:k}/' }],
    [
      'a Glue table that does not exist',
      {
        DataFormatConversionConfiguration: {
          ...conversion,
          SchemaConfiguration: { ...conversion.SchemaConfiguration, TableName: 'other' },
        },
      },
    ],
    [
      'a conversion that is switched off',
      { DataFormatConversionConfiguration: { ...conversion, Enabled: false } },
    ],
  ])('refuses %s as an invalid argument', (_, changed) => {
    expect(() => parse(changed)).toThrow(
      expect.objectContaining({ type: 'InvalidArgumentException', httpStatus: 400 }),
    );
  });

  it.each([
    ['an interval above 900', { BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 901 } }],
    ['a size above 128', { BufferingHints: { SizeInMBs: 129, IntervalInSeconds: 60 } }],
    ['a bucket that is no ARN', { BucketARN: 'bucket' }],
    ['an unknown member', { Prefx: 'p/' }],
    ['a file extension with capitals', { FileExtension: '.Parquet' }],
    [
      'a small block',
      {
        DataFormatConversionConfiguration: {
          ...conversion,
          OutputFormatConfiguration: { Serializer: { ParquetSerDe: { BlockSizeBytes: 1024 } } },
        },
      },
    ],
  ])('refuses %s by its form', (_, changed) => {
    expect(() => parse(changed)).toThrow(expect.objectContaining({ type: 'ValidationException' }));
  });
});
