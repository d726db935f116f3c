import type { Kafka, KafkaMessage } from 'kafkajs';
import { z } from 'zod';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import { openBucket, type Bucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { listArchive, readArchive } from '../../stream-processors/archive/archive-reader.ts';
import { createRecordDecoders } from '../../stream-processors/record-decoders.ts';

/** Where a record stands. */
export interface RecordPlace {
  readonly partition: number;
  readonly offset: bigint;
}

/** What a change record itself says. */
export interface RecordEvidence {
  readonly foundIn: 'topic' | 'archive';
  readonly producedMs: number;
  /** Null when the record cannot be read, or is of a snapshot. */
  readonly binlog: {
    readonly file: string;
    readonly position: number;
    readonly row: number | null;
  } | null;
}

const binlogSchema = z.object({
  source: z.object({ file: z.string(), position: z.number(), row: z.number().nullable() }),
});

const idOf = ({ partition, offset }: RecordPlace) => `${partition}/${offset}`;

/**
 * Looks the records up: in the topic, and what retention has removed there in the raw archive.
 *
 * @returns by `partition/offset`; a record that is in neither is left out.
 */
export async function readRecords(
  config: Config,
  dataset: TableDataset,
  places: readonly RecordPlace[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecordEvidence>> {
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config.kafka, { clientId: 'careplus-trace', log });
  const s3 = createS3Client(config.aws);
  try {
    const wanted = new Map(places.map((place) => [idOf(place), place]));
    const found = new Map<string, Found>();
    const take = (
      foundIn: Found['foundIn'],
      partition: number,
      messages: readonly KafkaMessage[],
    ) => {
      for (const message of messages) {
        const id = idOf({ partition, offset: BigInt(message.offset) });
        if (wanted.has(id)) found.set(id, { foundIn, message });
      }
    };
    await fromTopic(kafka, dataset.topic.name, [...wanted.values()], take, signal);
    const missing = [...wanted.values()].filter((place) => !found.has(idOf(place)));
    await fromArchive(openBucket(s3, config.aws.bucket), dataset, missing, take, signal);
    return await explain(kafka, found, signal);
  } finally {
    s3.destroy();
  }
}

interface Found {
  readonly foundIn: RecordEvidence['foundIn'];
  readonly message: KafkaMessage;
}
type Take = (
  foundIn: Found['foundIn'],
  partition: number,
  messages: readonly KafkaMessage[],
) => void;

/** The n-th record of every partition in one read: there are few of them, and far apart. */
async function fromTopic(
  kafka: Kafka,
  topic: string,
  places: readonly RecordPlace[],
  take: Take,
  signal: AbortSignal,
): Promise<void> {
  const byPartition = Map.groupBy(places, ({ partition }) => partition);
  const rounds = Math.max(0, ...[...byPartition.values()].map(({ length }) => length));
  for (let round = 0; round < rounds; round += 1) {
    const now = [...byPartition.values()].flatMap((ofOne) => ofOne[round] ?? []);
    await readRange({
      ...{ kafka, topic, signal, clamp: true },
      partitions: now.map(({ partition }) => partition),
      start: new Map(now.map(({ partition, offset }) => [partition, offset])),
      end: new Map(now.map(({ partition, offset }) => [partition, offset + 1n])),
      onBatch: ({ partition, messages }) => take('topic', partition, messages),
    }).catch((error: unknown) => {
      // Behind the end of a topic that was made anew: the archive may have it.
      if (findPipelineError(error)?.code !== 'KFK_3005') throw error;
    });
  }
}

async function fromArchive(
  bucket: Bucket,
  dataset: TableDataset,
  places: readonly RecordPlace[],
  take: Take,
  signal: AbortSignal,
): Promise<void> {
  if (places.length === 0) return;
  const objects = await listArchive(bucket, dataset, dataset.topic.name, signal);
  const holding = objects.filter(({ partition, first, last }) =>
    places.some(
      (place) => place.partition === partition && place.offset >= first && place.offset <= last,
    ),
  );
  for await (const { partition, messages } of readArchive(bucket, holding, signal)) {
    take('archive', partition, messages);
  }
}

async function explain(
  kafka: Kafka,
  found: ReadonlyMap<string, Found>,
  signal: AbortSignal,
): Promise<Map<string, RecordEvidence>> {
  const schemas = createWriterSchemas(kafka, { log: createLog('careplus', 'silent') });
  const decoders = createRecordDecoders<unknown>(schemas, (schema) => schema);
  await decoders.prepare(
    [...found.values()].map(({ message }) => message),
    signal,
  );
  return new Map(
    [...found].map(([id, { foundIn, message }]) => [
      id,
      {
        foundIn,
        producedMs: Number(message.timestamp),
        binlog: binlogOf(message, (value) => decoders.decode(value)),
      },
    ]),
  );
}

function binlogOf(
  { value }: KafkaMessage,
  decode: (value: Buffer | null) => unknown,
): RecordEvidence['binlog'] {
  try {
    return binlogSchema.parse(decode(value)).source;
  } catch {
    // Unreadable bytes are what the image's verdict tells; a snapshot's row has no place in a binlog.
    return null;
  }
}
