/** Creates in the local AWS account what the CDK app creates in a real one: bucket and streams. */
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { logDatasets, tableDatasets } from '../../schemas/datasets/registry.ts';
import { streamDefinition, type StreamDefinition } from '../../schemas/lake-layout.ts';

const ROLE_ARN = 'arn:aws:iam::000000000000:role/careplus-firehose';

export interface LocalAws {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly intervalSeconds: number;
}

/** Idempotent: what is there already is left as it is. */
export async function createAwsResources(aws: LocalAws): Promise<void> {
  const client = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const s3 = new S3Client(client);
  const firehose = new FirehoseClient(client);
  try {
    await unlessThere(s3.send(new CreateBucketCommand({ Bucket: aws.bucket })));
    for (const dataset of [...tableDatasets, ...logDatasets]) {
      const stream = streamDefinition(dataset, aws.intervalSeconds);
      await unlessThere(firehose.send(createStream(stream, aws)));
    }
  } finally {
    s3.destroy();
    firehose.destroy();
  }
}

function createStream(stream: StreamDefinition, aws: LocalAws): CreateDeliveryStreamCommand {
  return new CreateDeliveryStreamCommand({
    DeliveryStreamName: stream.name,
    DeliveryStreamType: 'DirectPut',
    ExtendedS3DestinationConfiguration: {
      RoleARN: ROLE_ARN,
      BucketARN: `arn:aws:s3:::${aws.bucket}`,
      Prefix: stream.prefix,
      ErrorOutputPrefix: stream.errorPrefix,
      BufferingHints: { IntervalInSeconds: stream.intervalSeconds, SizeInMBs: stream.sizeMiB },
      CompressionFormat: 'UNCOMPRESSED',
      DataFormatConversionConfiguration: {
        Enabled: true,
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: 'SNAPPY' } } },
        SchemaConfiguration: {
          RoleARN: ROLE_ARN,
          DatabaseName: stream.table.database,
          TableName: stream.table.name,
          Region: aws.region,
          VersionId: 'LATEST',
        },
      },
    },
  });
}

const THERE = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists', 'ResourceInUseException']);

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!(error instanceof Error && THERE.has(error.name))) throw error;
  }
}
