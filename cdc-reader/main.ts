import { createWriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createCheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../runtime/kafka/connection.ts';
import { sourceLogin } from '../runtime/mysql/source-login.ts';
import { createTransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import { readerCheckpointSchema } from '../schemas/checkpoint.ts';
import { readerTransactionalId, topics } from '../schemas/topics.ts';
import { tableStreams } from './config.ts';
import { limitHeapGrowth } from '../runtime/daemon/heap-growth.ts';
import { createReaderMetrics } from './reader-metrics.ts';
import { StreamsProgress } from './streams-progress.ts';
import { TableStream } from './table-stream.ts';

/** Brings every configured table from the source's binlog into its topic. */
export const cdcReader: DaemonDefinition = {
  name: 'cdc-reader',
  async build({ config, log, metrics, progress }) {
    limitHeapGrowth();
    const login = sourceLogin(config.source);
    // What is missing ends the start, not the first connection.
    await login();
    const kafka = createKafka(config.kafka, { clientId: 'careplus-cdc-reader', log });
    const store = createCheckpointStore(kafka, {
      topic: topics.readerCheckpoints.name,
      parse: (json) => readerCheckpointSchema.parse(json),
      log,
    });
    const schemas = createWriterSchemas(kafka, { log });
    const metricsOf = createReaderMetrics(metrics);
    const streamConfigs = tableStreams(config);
    const together = new StreamsProgress(progress, streamConfigs.length);
    const streams = streamConfigs.map((streamConfig, index) => {
      const { sourceId } = streamConfig;
      const streamLog = log.child({ source: sourceId });
      const writer = createTransactionalWriter(kafka, {
        transactionalId: readerTransactionalId(sourceId),
        log: streamLog,
      });
      const stream = new TableStream(streamConfig, {
        login,
        writer,
        store,
        schemas,
        metrics: metricsOf(sourceId),
        log: streamLog,
        onProgress: () => together.beat(index),
        onReady: (ready) => together.setReady(index, ready),
        onTrouble: (trouble) => progress.setTrouble(sourceId, trouble),
      });
      return { stream, writer };
    });
    return {
      async run(signal) {
        const failed = new AbortController();
        const stop = AbortSignal.any([signal, failed.signal]);
        // One stream ends by itself only when another instance has taken over: then all give way.
        const runs = streams.map(({ stream }) =>
          stream.run(stop).catch((error: unknown) => {
            failed.abort(error);
            throw error;
          }),
        );
        const ends = await Promise.allSettled(runs);
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
      },
      async close() {
        await Promise.all(streams.map(({ writer }) => writer.close()));
      },
    };
  },
};
