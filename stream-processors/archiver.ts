import { Counter, Gauge } from 'prom-client';
import { createWriterSchemas } from '../runtime/avro/writer-schemas.ts';
import { abortableSleep, settleWithin, waitOrAbort } from '../runtime/abortable-wait.ts';
import type { Config } from '../runtime/config/config-schema.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createKafka, DISCONNECT_MS } from '../runtime/kafka/connection.ts';
import { errorText, findPipelineError } from '../runtime/pipeline-error.ts';
import { openBucket } from '../runtime/s3/bucket.ts';
import { createS3Client } from '../runtime/s3/s3-client.ts';
import { watchedMetrics } from '../schemas/daemon-metrics.ts';
import { isTableDataset, type AnyDataset } from '../schemas/datasets/any-dataset.ts';
import { logDatasets, tableDatasets } from '../schemas/datasets/registry.ts';
import { sourceId } from '../schemas/row-change.ts';
import { createArchiveTurn } from './archive/archive-turn.ts';
import { createTopicArchive } from './archive/topic-archive.ts';
import { createFirehoseClient } from './firehose/firehose-client.ts';
import { createFirehoseSender } from './firehose/firehose-sender.ts';
import { createRowDelivery } from './firehose/row-delivery.ts';
import { recordProcessing } from './record-processing.ts';
import type { Unfillable } from './replay/hole-filler.ts';
import { createHoleTurn } from './replay/hole-turn.ts';
import { createWrittenEnds, type WrittenEnds } from './replay/written-ends.ts';

const NAME = 'archiver';

/** Longest time between two beats of a daemon that only waits for its next turn. */
const MAX_SLEEP_MS = 30_000;

/** Firehose intervals after which an object is late. */
const LATE_INTERVALS = 3;

/** Firehose intervals after which what was sent again should be in the warehouse. */
const FILL_INTERVALS = 5;

/**
 * Copies the topics of tables and logs into the lake as they are, an object a partition and interval. What is
 * archived is told by the objects' names alone, so a kill at any moment leaves neither a gap nor
 * an overlap (docs/decisions/0010). Beside that it sends numbers again for which the warehouse
 * waits, from the topic or the archive (docs/decisions/0011, 0017).
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
  const tables = tableDatasets.filter(({ name }) => name in config.datasets);
  const datasets = [...tables, ...logDatasets];
  const ends = createWrittenEnds();

  const createArchiveTurnOf = (dataset: AnyDataset) => {
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
    return createArchiveTurn({
      ...{ archive, topic, progress, log },
      onPass: ({ records, objects }) => {
        told.records.inc(labels, records);
        told.objects.inc(labels, objects);
        progress.setReady(true);
      },
    });
  };

  const createHoleTurnOf = (dataset: AnyDataset) => {
    const { stream } = dataset;
    const part = `holes of ${dataset.shortName}`;
    const processing = recordProcessing(dataset, schemas, bucket);
    const sender = createFirehoseSender({
      ...{ client: firehose, stream, log, onAttempt: beat },
      onTrouble: (trouble) => progress.setTrouble(stream, trouble),
    });
    const delivery = createRowDelivery({ sender, processor: processing.processor, log });
    const turn = createHoleTurn({
      ...{ kafka, admin, bucket, dataset, processing, log },
      sink: async (rows, during) => {
        await delivery.deliver(rows, during);
      },
      ...endsOf(dataset, config, ends),
      lateMs: LATE_INTERVALS * lookMs + config.loader.cadenceMs + config.loader.discoveryMs,
      retryMs: FILL_INTERVALS * lookMs,
      onWaiting: (ageMs) => told.waiting.set({ dataset: dataset.name }, ageMs / 1_000),
    });
    return async (signal: AbortSignal) => {
      const nowhere = await turn(signal);
      const count = nowhere.reduce((sum, { unfillable }) => sum + unfillable, 0);
      told.unfillable.set({ dataset: dataset.name }, count);
      progress.setTrouble(part, unfillableTrouble(nowhere));
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
      await waitOrAbort(admin.connect(), signal);
      // When one fails the others stop too: the process ends, and is started again.
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const archiveMs = config.archive.intervalSeconds * 1_000;
      try {
        await Promise.all([
          ends.follow(kafka, either),
          ...datasets.flatMap((dataset) => [
            repeat(createArchiveTurnOf(dataset), archiveMs, either),
            repeat(createHoleTurnOf(dataset), lookMs, either),
          ]),
        ]);
      } finally {
        stop.abort();
      }
    },
    async close() {
      await settleWithin(admin.disconnect(), DISCONNECT_MS);
      s3.destroy();
      firehose.destroy();
    },
  };
}

/** Which of the written ends are a dataset's. */
function endsOf(dataset: AnyDataset, { datasets, source }: Config, ends: WrittenEnds) {
  if (!isTableDataset(dataset)) {
    return { ends: () => ends.logs(dataset.name), onFrontiers: ends.forgetArrived };
  }
  const { database, table } = datasets[dataset.name] ?? { database: '', table: '' };
  const id = sourceId(source.name, database, table);
  return { ends: () => ends.tables(id) };
}

function unfillableTrouble(nowhere: readonly Unfillable[]) {
  if (nowhere.length === 0) return undefined;
  const where = nowhere.map(({ line, from, to }) => `${from}–${to} of ${line}`);
  return { code: 'WH_5005', message: `unfillable: ${where.join(', ')}` };
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
    waiting: new Gauge({
      ...{ name: watchedMetrics.notShown, labelNames, registers },
      help: 'Age of the oldest number that is in its topic and not in the warehouse yet',
    }),
    unfillable: new Gauge({
      ...{ name: watchedMetrics.unfillableNumbers, labelNames, registers },
      help: 'Numbers that the warehouse waits for and that are nowhere',
    }),
  };
}
