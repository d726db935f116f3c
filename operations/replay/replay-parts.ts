import type { Admin, Kafka } from 'kafkajs';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { openBucket, type Bucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { createFirehoseClient } from '../../stream-processors/firehose/firehose-client.ts';
import { createFirehoseSender } from '../../stream-processors/firehose/firehose-sender.ts';
import { createRowDelivery } from '../../stream-processors/firehose/row-delivery.ts';
import {
  recordProcessing,
  type RecordProcessing,
} from '../../stream-processors/record-processing.ts';

/** What a replay of one dataset needs, until the block ends. */
export interface ReplayParts extends AsyncDisposable {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly bucket: Bucket;
  /** The very one of the live records. */
  readonly processing: RecordProcessing;
  /** Hands rows to Firehose and resolves when it has answered for each. */
  send(rows: readonly LakeRow[], signal: AbortSignal): Promise<void>;
}

export async function openReplayParts(config: Config, dataset: AnyDataset): Promise<ReplayParts> {
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config.kafka, { clientId: 'careplus-replay', log });
  const admin = kafka.admin();
  const s3 = createS3Client(config.aws);
  const firehose = createFirehoseClient(config.aws);
  const sender = createFirehoseSender({ client: firehose, stream: dataset.stream, log });
  const bucket = openBucket(s3, config.aws.bucket);
  const processing = recordProcessing(dataset, createWriterSchemas(kafka, { log }), bucket);
  const delivery = createRowDelivery({ sender, processor: processing.processor, log });
  await admin.connect();
  return {
    ...{ kafka, admin, bucket },
    processing,
    send: async (rows, signal) => {
      await delivery.deliver(rows, signal);
    },
    async [Symbol.asyncDispose]() {
      await admin.disconnect();
      s3.destroy();
      firehose.destroy();
    },
  };
}
