import { Counter } from 'prom-client';
import { createWriterSchemas, type WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { Config } from '../runtime/config/config-schema.ts';
import { createProgress } from '../runtime/daemon/progress.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { runConsumerLoop } from '../runtime/kafka/consumer-loop.ts';
import { createDeadLetterWriter } from '../runtime/kafka/dead-letter-writer.ts';
import { watchedMetrics } from '../schemas/daemon-metrics.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { processorGroup, type Topic } from '../schemas/topics.ts';
import type { BatchProcessor } from './batch-processor.ts';
import { createFirehoseClient } from './firehose/firehose-client.ts';
import { createFirehoseSender } from './firehose/firehose-sender.ts';
import { createRowDelivery } from './firehose/row-delivery.ts';
import { handleBatch } from './handle-batch.ts';

type ProcessedDataset = LakeDataset & { readonly topic: Topic };

export interface TopicProcessorOptions<D extends ProcessedDataset> {
  /** Name of the daemon. */
  readonly name: string;
  /** The datasets that this configuration asks for. */
  readonly datasets: (config: Config) => readonly D[];
  readonly createProcessor: (options: {
    readonly dataset: D;
    readonly schemas: WriterSchemas;
    readonly config: Config;
  }) => OpenProcessor;
}

interface OpenProcessor {
  readonly processor: BatchProcessor;
  readonly close?: () => void;
}

/** Each holds one fetch, at most 1 MiB of records, and its rows. */
const PARTITIONS_AT_A_TIME = 3;

/**
 * A daemon that reads topics, turns their records into lake rows and hands these to Firehose.
 * Offsets are committed after Firehose has answered for every row of a batch.
 */
export function defineTopicProcessor<D extends ProcessedDataset>(
  options: TopicProcessorOptions<D>,
): DaemonDefinition {
  return { name: options.name, build: async (context) => build(options, context) };
}

function build<D extends ProcessedDataset>(
  { name, datasets, createProcessor }: TopicProcessorOptions<D>,
  context: DaemonContext,
): Daemon {
  const { config, log, metrics, progress } = context;
  const connect = () => createKafka(config.kafka, { clientId: `careplus-${name}`, log });
  const kafka = connect();
  const firehose = createFirehoseClient(config.aws);
  const schemas = createWriterSchemas(kafka, { log });
  const deadLetters = createDeadLetterWriter(kafka, { connectorName: name, log });
  const counters = createCounters(metrics);
  const closing: (() => void)[] = [];

  const runDataset = (dataset: D, signal: AbortSignal) => {
    const labels = { dataset: dataset.name };
    const { processor, close } = createProcessor({ dataset, schemas, config });
    if (close) closing.push(close);
    const handling = createProgress();
    const sender = createFirehoseSender({
      client: firehose,
      stream: dataset.stream,
      log,
      onAttempt: () => {
        progress.beat();
        handling.beat();
      },
      onRecordFailures: (count) => counters.refused.inc(labels, count),
      onCallFailure: (code) => counters.failedCalls.inc({ ...labels, error_code: code }),
      onTrouble: (trouble) => progress.setTrouble(dataset.name, trouble),
    });
    const delivery = createRowDelivery({ sender, processor, log });
    return runConsumerLoop({
      kafka: connect(),
      groupId: processorGroup(dataset),
      topic: dataset.topic.name,
      signal,
      log,
      progress,
      handling,
      // While the rows of one partition are with Firehose, those of another are made.
      partitionsConsumedConcurrently: PARTITIONS_AT_A_TIME,
      // What is missing then is a hole in the numbers, which the archiver fills; no reason to stop.
      onRecordsLost: () => counters.jumps.inc(labels),
      handle: async (batch, { signal: during }) => {
        const done = await handleBatch(batch, { processor, delivery, deadLetters, signal: during });
        counters.rows.inc(labels, done.rows);
        counters.replaced.inc(labels, done.replaced);
        counters.deadLetters.inc(labels, done.deadLetters);
      },
    });
  };

  return {
    async run(signal) {
      // When one fails the others stop too: the process ends, and is started again.
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      try {
        await Promise.all(datasets(config).map((dataset) => runDataset(dataset, either)));
      } finally {
        stop.abort();
      }
    },
    async close() {
      await deadLetters.close();
      firehose.destroy();
      for (const close of closing) close();
    },
  };
}

function createCounters(registry: DaemonContext['metrics']) {
  const counter = (name: string, help: string, labels: string[] = []) =>
    new Counter({
      ...{ name, help, labelNames: ['dataset', ...labels], registers: [registry] },
    });
  return {
    rows: counter(watchedMetrics.processedRows, 'Rows that Firehose has taken'),
    refused: counter(
      'careplus_processor_refused_records_total',
      'Refusals of single records, each of which was sent again',
    ),
    failedCalls: counter(
      'careplus_processor_failed_calls_total',
      'Calls that Firehose did not answer',
      ['error_code'],
    ),
    replaced: counter(
      'careplus_processor_replaced_rows_total',
      'Rows that Firehose refuses for ever',
    ),
    jumps: counter(
      'careplus_processor_position_jumps_total',
      'Positions that were no longer in the topic: records removed unread, or a truncated log',
    ),
    deadLetters: counter(watchedMetrics.deadLetters, 'Records that went to the dead-letter topic'),
  };
}
