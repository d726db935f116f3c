import { Counter } from 'prom-client';
import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { errorText, findPipelineError } from '../runtime/pipeline-error.ts';
import { openBucket } from '../runtime/s3/bucket.ts';
import { createS3Client } from '../runtime/s3/s3-client.ts';
import { tableDatasets } from '../schemas/datasets/registry.ts';
import { createTopicArchive } from './archive/topic-archive.ts';

const NAME = 'archiver';

/** Longest time between two beats of a daemon that only waits for its next pass. */
const MAX_SLEEP_MS = 30_000;

/**
 * Copies the change topics into the lake as they are, an object a partition and interval. What is
 * archived is told by the objects' names alone, so a kill at any moment neither leaves a gap nor
 * an overlap (docs/decisions/0010).
 */
export const archiver: DaemonDefinition = { name: NAME, build };

async function build(context: DaemonContext): Promise<Daemon> {
  const { config, log, metrics, progress } = context;
  const kafka = createKafka(config.kafka, { clientId: `careplus-${NAME}`, log });
  const admin = kafka.admin();
  const s3 = createS3Client(config.aws);
  const bucket = openBucket(s3, config.aws.bucket);
  const intervalMs = config.archive.intervalSeconds * 1_000;
  const counters = createCounters(metrics);
  const archives = tableDatasets
    .filter(({ name }) => name in config.datasets)
    .map((dataset) => ({
      labels: { dataset: dataset.name },
      archive: createTopicArchive({
        ...{ kafka, admin, bucket, dataset, topic: dataset.topic.name, log },
        onBatch: () => progress.beat(),
      }),
    }));

  return {
    async run(signal) {
      await admin.connect();
      while (!signal.aborted) {
        progress.beat();
        try {
          for (const { labels, archive } of archives) {
            const { records, objects } = await archive.pass(signal);
            counters.records.inc(labels, records);
            counters.objects.inc(labels, objects);
          }
          progress.setReady(true);
        } catch (error) {
          signal.throwIfAborted();
          const known = findPipelineError(error);
          if (!isKafkaFault(error) && known?.retryable !== true) throw error;
          log.warn({ code: known?.code, err: error }, `archive pass failed: ${errorText(error)}`);
        }
        for (let left = intervalMs; left > 0; left -= MAX_SLEEP_MS) {
          progress.beat();
          await abortableSleep(Math.min(left, MAX_SLEEP_MS), signal);
        }
      }
    },
    async close() {
      await admin.disconnect();
      s3.destroy();
    },
  };
}

/** The client has retried for about a minute: the next pass is its next try. */
function isKafkaFault(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

function createCounters(registry: DaemonContext['metrics']) {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['dataset'], registers: [registry] });
  return {
    records: counter('careplus_archiver_records_total', 'Records that are in the archive'),
    objects: counter('careplus_archiver_objects_total', 'Objects that were written'),
  };
}
