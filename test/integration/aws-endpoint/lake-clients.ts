import {
  CreateDeliveryStreamCommand,
  FirehoseClient,
  PutRecordBatchCommand,
} from '@aws-sdk/client-firehose';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../../infra/local/aws-endpoint/faults-client.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { glueTable } from '../../../schemas/lake-layout.ts';
import { readParquet } from '../../conformance/parquet-rows.ts';

export const BUCKET = 'lake';
export const STREAM = 'tickets';

const role = 'arn:aws:iam::000000000000:role/firehose';
const table = glueTable(supportTickets);
const noBytes = new Uint8Array();

/** A local endpoint's services by the AWS clients. */
export interface LakeClients {
  readonly s3: S3Client;
  /** Sends each call once. */
  readonly firehose: FirehoseClient;
  readonly faults: FaultsClient;
  /** Makes the bucket and one stream from records to rows of the tickets' table. */
  create(intervalSeconds: number): Promise<void>;
  /** Makes the stream alone, where the bucket is there. */
  createStream(intervalSeconds: number): Promise<void>;
  /** Puts one record for each number. @returns the numbers that were acknowledged. */
  put(numbers: readonly number[]): Promise<readonly number[]>;
  keys(prefix?: string): Promise<readonly string[]>;
  /** The numbers of all delivered rows, sorted. */
  delivered(): Promise<readonly number[]>;
  destroy(): void;
}

/** @param s3Url where S3 runs in another process. */
export function openLakeClients(url: string, s3Url = url): LakeClients {
  const settings = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  const s3 = new S3Client({ ...settings, endpoint: s3Url });
  const firehose = new FirehoseClient({ ...settings, endpoint: url });

  /** Rows of each object that was read; objects do not change. */
  const known = new Map<string, readonly number[]>();
  const numbersOf = async (Key: string): Promise<readonly number[]> => {
    const before = known.get(Key);
    if (before !== undefined) return before;
    const object = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    const { rows } = await readParquet((await object.Body?.transformToByteArray()) ?? noBytes);
    const numbers = rows.map(({ seq }) => Number(seq));
    known.set(Key, numbers);
    return numbers;
  };

  const keys = async (prefix = '') => {
    const command = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix });
    return ((await s3.send(command)).Contents ?? []).flatMap(({ Key }) => Key ?? []);
  };

  return {
    s3,
    firehose,
    faults: createFaultsClient(url),
    keys,
    async create(intervalSeconds) {
      await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
      await firehose.send(createStream(intervalSeconds));
    },
    async createStream(intervalSeconds) {
      await firehose.send(createStream(intervalSeconds));
    },
    async put(numbers) {
      const Records = numbers.map((seq) => ({ Data: Buffer.from(JSON.stringify({ seq })) }));
      const command = new PutRecordBatchCommand({ DeliveryStreamName: STREAM, Records });
      const { RequestResponses = [] } = await firehose.send(command);
      return numbers.filter((_, index) => RequestResponses[index]?.RecordId !== undefined);
    },
    async delivered() {
      const objects = await Promise.all((await keys('rows/')).map(numbersOf));
      return objects.flat().sort((a, b) => a - b);
    },
    destroy() {
      s3.destroy();
      firehose.destroy();
    },
  };
}

function createStream(intervalSeconds: number): CreateDeliveryStreamCommand {
  return new CreateDeliveryStreamCommand({
    DeliveryStreamName: STREAM,
    ExtendedS3DestinationConfiguration: {
      RoleARN: role,
      BucketARN: `arn:aws:s3:::${BUCKET}`,
      Prefix: 'rows/',
      ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
      BufferingHints: { IntervalInSeconds: intervalSeconds, SizeInMBs: 64 },
      DataFormatConversionConfiguration: {
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
        SchemaConfiguration: {
          RoleARN: role,
          DatabaseName: table.database,
          TableName: table.name,
        },
      },
    },
  });
}

/** `first … first + count - 1` */
export function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
