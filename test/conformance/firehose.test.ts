/**
 * Firehose as the pipeline uses it, by the unchanged AWS client. The page of each case in the
 * Firehose API reference or developer guide stands in its title.
 */
import { randomUUID } from 'node:crypto';
import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
  ListDeliveryStreamsCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
} from '@aws-sdk/client-firehose';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { glueTable } from '../../schemas/lake-layout.ts';
import { type EndpointUnderTest, openEndpointUnderTest } from './endpoint-under-test.ts';
import { type ParquetFile, readParquet } from './parquet-rows.ts';
import { removeBucket } from './remove-bucket.ts';

const id = randomUUID();
const bucket = `careplus-conformance-${id}`;
const stream = `conformance-${id}`;
const table = glueTable(supportTickets);
let endpoint: EndpointUnderTest;
let firehose: FirehoseClient;
let s3: S3Client;

const destination = (
  more: Partial<ExtendedS3DestinationConfiguration> = {},
): ExtendedS3DestinationConfiguration => ({
  RoleARN: endpoint.roleArn,
  BucketARN: `arn:aws:s3:::${bucket}`,
  Prefix: 'rows/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/',
  ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/',
  BufferingHints: { IntervalInSeconds: 1, SizeInMBs: 64 },
  CompressionFormat: 'UNCOMPRESSED',
  DataFormatConversionConfiguration: conversion(table.name),
  ...more,
});

const conversion = (TableName: string) => ({
  InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
  OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  SchemaConfiguration: {
    RoleARN: endpoint.roleArn,
    DatabaseName: table.database,
    TableName,
  },
});

const create = (name: string, more: Partial<ExtendedS3DestinationConfiguration> = {}) =>
  firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: name,
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: destination(more),
    }),
  );

const describeStream = async () => {
  const command = new DescribeDeliveryStreamCommand({ DeliveryStreamName: stream });
  return (await firehose.send(command)).DeliveryStreamDescription;
};

const put = (records: readonly string[]) =>
  firehose.send(
    new PutRecordBatchCommand({
      DeliveryStreamName: stream,
      Records: records.map((record) => ({ Data: Buffer.from(record) })),
    }),
  );

const keysUnder = async (prefix: string) => {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix });
  return ((await s3.send(command)).Contents ?? []).flatMap(({ Key }) => Key ?? []);
};

const bytesOf = async (key: string) => {
  const reply = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return (await reply.Body?.transformToByteArray()) ?? new Uint8Array();
};

beforeAll(async () => {
  endpoint = await openEndpointUnderTest(['--only', 's3,firehose']);
  firehose = new FirehoseClient({ ...endpoint.client, maxAttempts: 1 });
  s3 = new S3Client(endpoint.s3Client);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await create(stream);
  await vi.waitFor(
    async () => expect((await describeStream())?.DeliveryStreamStatus).toBe('ACTIVE'),
    { timeout: 80_000, interval: 500 },
  );
});

afterAll(async () => {
  await firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: stream }));
  await removeBucket(s3, bucket);
  firehose.destroy();
  s3.destroy();
  await endpoint.close();
});

describe('delivery streams', () => {
  it('are described as they were created [API_DescribeDeliveryStream]', async () => {
    const described = await describeStream();
    expect(described).toMatchObject({
      DeliveryStreamName: stream,
      DeliveryStreamType: 'DirectPut',
      VersionId: '1',
      HasMoreDestinations: false,
      DeliveryStreamARN: expect.stringContaining(`:deliverystream/${stream}`) as string,
    });
    expect(described?.CreateTimestamp).toBeInstanceOf(Date);
    const [target] = described?.Destinations ?? [];
    expect(target?.ExtendedS3DestinationDescription).toMatchObject({
      BucketARN: `arn:aws:s3:::${bucket}`,
      BufferingHints: { IntervalInSeconds: 1, SizeInMBs: 64 },
      DataFormatConversionConfiguration: { Enabled: true },
    });
  });

  it('are listed by name [API_ListDeliveryStreams]', async () => {
    const before = stream.slice(0, -1);
    const { DeliveryStreamNames } = await firehose.send(
      new ListDeliveryStreamsCommand({ ExclusiveStartDeliveryStreamName: before, Limit: 1 }),
    );
    expect(DeliveryStreamNames).toEqual([stream]);
  });

  it('are created once [API_CreateDeliveryStream]', async () => {
    await expect(create(stream)).rejects.toMatchObject({ name: 'ResourceInUseException' });
  });

  it('are gone after their deletion [API_DeleteDeliveryStream]', async () => {
    const name = `${stream}-short`;
    await create(name);
    await vi.waitFor(
      () => firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name })),
      { timeout: 50_000, interval: 500 },
    );
    const describeGone = () =>
      firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }));
    await vi.waitFor(
      () => expect(describeGone()).rejects.toMatchObject({ name: 'ResourceNotFoundException' }),
      { timeout: 50_000, interval: 500 },
    );
  });

  it.each<[string, () => Partial<ExtendedS3DestinationConfiguration>]>([
    [
      'buffer less than 64 MiB before a conversion [record-format-conversion]',
      () => ({ BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 63 } }),
    ],
    [
      'take one buffering hint without the other [API_BufferingHints]',
      () => ({ BufferingHints: { SizeInMBs: 64 } }),
    ],
    [
      'compress beside a conversion [record-format-conversion]',
      () => ({ CompressionFormat: 'GZIP' }),
    ],
    [
      'convert to a Glue table that does not exist [API_SchemaConfiguration]',
      () => ({ DataFormatConversionConfiguration: conversion(`none_${id}`) }),
    ],
    [
      'have expressions without the error type in the error prefix [s3-prefixes]',
      () => ({ ErrorOutputPrefix: 'errors/' }),
    ],
    [
      'use dynamic partitioning keys without dynamic partitioning [s3-prefixes]',
      () => ({ Prefix: 'rows/!{partitionKeyFromQuery:customer}/' }),
    ],
  ])('cannot %s', async (_, more) => {
    await expect(create(`${stream}-bad`, more())).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('cannot wait longer than 900 s [API_BufferingHints]', async () => {
    const hints = { BufferingHints: { IntervalInSeconds: 901, SizeInMBs: 64 } };
    await expect(create(`${stream}-bad`, hints)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe('PutRecord and PutRecordBatch', () => {
  it('know only streams that exist [API_PutRecordBatch]', async () => {
    const Records = [{ Data: Buffer.from('{}') }];
    const missing = firehose.send(
      new PutRecordBatchCommand({ DeliveryStreamName: `${stream}-none`, Records }),
    );
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it.each([
    ['501 records', Array.from({ length: 501 }, () => '{}')],
    ['a record above 1,000 KiB', ['x'.repeat(1000 * 1024 + 1)]],
    ['more than 4 MiB together', Array.from({ length: 5 }, () => 'x'.repeat(1000 * 1024))],
  ])('refuse %s [API_PutRecordBatch]', async (_, records) => {
    await expect(put(records)).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  });
});

describe('delivery with conversion', () => {
  const good = Array.from({ length: 300 }, (_, index) => ({
    source: 'conformance',
    seq: index,
    epoch: '9223372036854775807',
    ticket_id: `T-${index} é😀`,
    num_interactions: index,
  }));
  const odd = [
    '{"SEQ":1000,"Ticket_ID":"upper case","unknown":{"a":1}}',
    '{"seq":"1001","ticket_id":12,"agent":{"Name":"A"}}',
    '{"seq":1002,"ticket_id":null}',
  ];
  const bad = [
    '{"seq":"oops"}',
    '{"num_interactions":2147483648}',
    'no json',
    '{"seq":1}{"seq":2}',
  ];
  let objects: string[];
  let files: ParquetFile[];
  let rows: Readonly<Record<string, unknown>>[];

  beforeAll(async () => {
    const reply = await put([...good.map((row) => `${JSON.stringify(row)}\n`), ...odd, ...bad]);
    expect(reply.FailedPutCount).toBe(0);
    expect(reply.RequestResponses?.every(({ RecordId }) => RecordId !== undefined)).toBe(true);
    const single = await firehose.send(
      new PutRecordCommand({
        DeliveryStreamName: stream,
        Record: { Data: Buffer.from('{"source":"single","seq":2000}') },
      }),
    );
    expect(single.RecordId).toBeTruthy();
    const expected = good.length + odd.length + 1;
    await vi.waitFor(
      async () => {
        objects = await keysUnder('rows/');
        files = await Promise.all(objects.map(async (key) => readParquet(await bytesOf(key))));
        rows = files.flatMap((file) => file.rows);
        expect(rows.length).toBeGreaterThanOrEqual(expected);
      },
      { timeout: 80_000, interval: 200 },
    );
  });

  it('names objects by prefix, stream, version, time and a uuid [s3-object-name]', () => {
    expect(objects.length).toBeGreaterThan(0);
    for (const key of objects) {
      expect(key.replace(stream, 'STREAM')).toMatch(
        /^rows\/dt=\d{4}-\d\d-\d\d\/hour=\d\d\/STREAM-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}\.parquet$/,
      );
      const [, date, hour] = /dt=([\d-]+)\/hour=(\d\d)/.exec(key) ?? [];
      expect(key).toContain(`-1-${date ?? ''}-${hour ?? ''}-`);
    }
  });

  it('labels the object as AWS does, which readers pass over [record-format-conversion]', async () => {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: objects[0] }));
    expect(head.ContentType).toBe('application/octet-stream');
  });

  it('writes all Glue columns in Glue order with their types [record-format-conversion]', () => {
    const types = { string: 'BYTE_ARRAY', int: 'INT32', bigint: 'INT64' };
    const expected = table.columns.map(({ name, glueType }) => [name, types[glueType]]);
    for (const { columns } of files) expect(columns).toEqual(expected);
  });

  it('delivers every good record at least once, exactly, and missing keys as NULL [record-format-conversion]', () => {
    for (const row of good) {
      const delivered = rows.filter(({ seq }) => seq === String(row.seq));
      expect(delivered.length).toBeGreaterThanOrEqual(1);
      expect(delivered[0]).toMatchObject({ ...row, seq: String(row.seq), agent: null, kind: null });
    }
  });

  it('matches keys in any case and drops unknown ones [API_OpenXJsonSerDe]', () => {
    expect(rows).toContainEqual(
      expect.objectContaining({ seq: '1000', ticket_id: 'upper case', source: null }),
    );
  });

  it('takes numbers as text and text as numbers, nested values as JSON text [API_OpenXJsonSerDe]', () => {
    expect(rows).toContainEqual(
      expect.objectContaining({ seq: '1001', ticket_id: '12', agent: '{"name":"A"}' }),
    );
  });

  it('puts each record that does not convert under the error prefix, and only those [record-format-conversion-error-handling]', async () => {
    const failures = await vi.waitFor(
      async () => {
        const keys = await keysUnder('errors/format-conversion-failed/dt=');
        const texts = await Promise.all(keys.map(async (key) => Buffer.from(await bytesOf(key))));
        const lines = Buffer.concat(texts).toString().trimEnd().split('\n');
        const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(parsed.length).toBeGreaterThanOrEqual(bad.length);
        return parsed;
      },
      { timeout: 50_000, interval: 200 },
    );
    const raw = failures.map(({ rawData }) => Buffer.from(String(rawData), 'base64').toString());
    expect(new Set(raw)).toEqual(new Set(bad));
    const ofOops = failures[raw.indexOf('{"seq":"oops"}')];
    expect(ofOops).toMatchObject({
      attemptsMade: expect.any(Number) as number,
      arrivalTimestamp: expect.any(Number) as number,
      lastErrorCode: 'DataFormatConversion.MalformedData',
      dataCatalogTable: { databaseName: table.database, tableName: table.name },
    });
    expect(failures[raw.indexOf('no json')]).toMatchObject({
      lastErrorCode: 'DataFormatConversion.ParseError',
    });
  });
});
