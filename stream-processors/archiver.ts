import { Counter, Gauge } from 'prom-client';
import { createWriterSchemas } from '../runtime/avro/writer-schemas.ts';
import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { errorText, findPipelineError } from '../runtime/pipeline-error.ts';
import { openBucket } from '../runtime/s3/bucket.ts';
import { createS3Client } from '../runtime/s3/s3-client.ts';
import { watchedMetrics } from '../schemas/daemon-metrics.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { tableDatasets } from '../schemas/datasets/registry.ts';
import { numberHolesSchema } from '../schemas/holes.ts';
import { holesKey } from '../schemas/lake-layout.ts';
import { processorGroup } from '../schemas/topics.ts';
import { createTopicArchive } from './archive/topic-archive.ts';
import { createFirehoseClient } from './firehose/firehose-client.ts';
import { createFirehoseSender } from './firehose/firehose-sender.ts';
import { createRowDelivery } from './firehose/row-delivery.ts';
import { createHoleFiller } from './replay/hole-filler.ts';
import { archiveBackwards, processorIsBehind, topicBackwards } from './replay/hole-sources.ts';
import { createChangeBatchProcessor } from './tables/change-batch.ts';

const NAME = 'archiver';

/** Longest time between two beats of a daemon that only waits for its next turn. */
const MAX_SLEEP_MS = 30_000;

/** Firehose intervals after which what was sent again should be in the warehouse. */
const FILL_INTERVALS = 5;

/**
 * Copies the change topics into the lake as they are, an object a partition and interval. What is
 * archived is told by the objects' names alone, so a kill at any moment leaves neither a gap nor
 * an overlap (docs/decisions/0010). Beside that it sends numbers again for which the warehouse
 * waits, from the topic or the archive (docs/decisions/0011).
 */
export const archiver: DaemonDefinition = { name: NAME, build };

async function build(context: DaemonContext): Promise<Daemon> {
  const { config, log, metrics, progress } = context;
  const kafka = createKafka(config.kafka, { clientId: `careplus-${NAME}`, log });
  const admin = kafka.admin();
  const s3 = createS3Client(config.aws);
  const bucket = openBucket(s3, config.aws.bucket);
  const firehose = createFirehoseClient(config.aws);
  const schemas = createWriterSchemas(kafka, { log });
  const lookMs = Math.max(1, config.firehose.intervalSeconds) * 1_000;
  const told = createMetrics(metrics);
  const beat = () => progress.beat();

  const createArchiveTurn = (dataset: TableDataset) => {
    const labels = { dataset: dataset.name };
    const { name: topic } = dataset.topic;
    const archive = createTopicArchive({
      kafka,
      admin,
      bucket,
      dataset,
      topic,
      log,
      onBatch: beat,
    });
    return async (signal: AbortSignal) => {
      const { records, objects } = await archive.pass(signal);
      told.records.inc(labels, records);
      told.objects.inc(labels, objects);
      progress.setReady(true);
    };
  };

  const createHoleTurn = (dataset: TableDataset) => {
    const topic = dataset.topic.name;
    const where = { kafka, admin, topic };
    const groupId = processorGroup(dataset);
    const { stream } = dataset;
    const sender = createFirehoseSender({
      ...{ client: firehose, stream, log, onAttempt: beat },
      onTrouble: (trouble) => progress.setTrouble(stream, trouble),
    });
    const processor = createChangeBatchProcessor({ dataset, schemas });
    const delivery = createRowDelivery({ sender, processor, log });
    const filler = createHoleFiller({
      processor,
      sink: async (rows, during) => {
        await delivery.deliver(rows, during);
      },
      sources: [
        (signal) => topicBackwards(where, groupId, signal),
        (signal) => archiveBackwards(bucket, dataset, topic, signal),
      ],
      mayCome: (signal) => processorIsBehind(where, groupId, signal),
      retryMs: FILL_INTERVALS * lookMs,
      log,
    });
    return async (signal: AbortSignal) => {
      const bytes = await bucket.get(holesKey(dataset), signal);
      // Before the loader's first start there is none.
      const { holes } = bytes ? numberHolesSchema.parse(JSON.parse(String(bytes))) : { holes: [] };
      told.unfillable.set({ dataset: dataset.name }, await filler.fill(holes, signal));
    };
  };

  /** Takes turns until the signal aborts; a turn that failed for a while is the next one's. */
  const repeat = async (
    turn: (signal: AbortSignal) => Promise<void>,
    intervalMs: number,
    signal: AbortSignal,
  ) => {
    while (!signal.aborted) {
      beat();
      try {
        await turn(signal);
      } catch (error) {
        signal.throwIfAborted();
        const known = findPipelineError(error);
        if (!isKafkaFault(error) && known?.retryable !== true) throw error;
        log.warn({ code: known?.code, err: error }, `will try again: ${errorText(error)}`);
      }
      for (let left = intervalMs; left > 0; left -= MAX_SLEEP_MS) {
        beat();
        await abortableSleep(Math.min(left, MAX_SLEEP_MS), signal);
      }
    }
  };

  return {
    async run(signal) {
      await admin.connect();
      // When one fails the others stop too: the process ends, and is started again.
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const archiveMs = config.archive.intervalSeconds * 1_000;
      try {
        await Promise.all(
          tableDatasets
            .filter(({ name }) => name in config.datasets)
            .flatMap((dataset) => [
              repeat(createArchiveTurn(dataset), archiveMs, either),
              repeat(createHoleTurn(dataset), lookMs, either),
            ]),
        );
      } finally {
        stop.abort();
      }
    },
    async close() {
      await admin.disconnect();
      s3.destroy();
      firehose.destroy();
    },
  };
}

/** The client has retried for about a minute: the next turn is its next try. */
function isKafkaFault(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

function createMetrics(registry: DaemonContext['metrics']) {
  const registers = [registry];
  const labelNames = ['dataset'] as const;
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames, registers });
  return {
    records: counter('careplus_archiver_records_total', 'Records that are in the archive'),
    objects: counter('careplus_archiver_objects_total', 'Objects that were written'),
    unfillable: new Gauge({
      ...{ name: watchedMetrics.unfillableNumbers, labelNames, registers },
      help: 'Numbers that the warehouse waits for and that are nowhere',
    }),
  };
}
