import { randomUUID } from 'node:crypto';
import type { Daemon, DaemonContext, DaemonDefinition } from '../runtime/daemon/run-daemon.ts';
import { createDataApi } from '../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../runtime/redshift/redshift-client.ts';
import { createS3Client } from '../runtime/s3/s3-client.ts';
import { logDatasets, tableDatasets } from '../schemas/datasets/registry.ts';
import { createDatasetLoader } from './dataset-loader.ts';
import { createLoaderMetrics } from './loader-metrics.ts';
import { migrate, readMigrations } from './migrations.ts';

/** An object may be late by this many Firehose intervals before a missing number is told. */
const LATE_INTERVALS = 3;

/** Loads new objects of the lake into the warehouse, every batch one transaction. */
export const warehouseLoader: DaemonDefinition = { name: 'warehouse-loader', build };

async function build({ config, log, metrics, progress }: DaemonContext): Promise<Daemon> {
  const { aws, warehouse, loader, firehose } = config;
  const s3 = createS3Client(aws);
  const redshift = createRedshiftDataClient(aws);
  const api = createDataApi({
    client: redshift,
    target: {
      workgroupName: warehouse.workgroup,
      database: warehouse.database,
      secretArn: warehouse.secretArn,
    },
    log,
    onWait: () => progress.beat(),
  });
  const loaderMetrics = createLoaderMetrics(metrics);
  const token = randomUUID();
  const tables = tableDatasets.filter(({ name }) => name in config.datasets);
  const loaders = [...tables, ...logDatasets].map((dataset) =>
    createDatasetLoader({
      ...{ api, s3, dataset, token, log, progress },
      ...{ cadenceMs: loader.cadenceMs, discoveryMs: loader.discoveryMs },
      bucket: aws.bucket,
      copyRoleArn: warehouse.copyRoleArn,
      holeAfterMs: LATE_INTERVALS * Math.max(1, firehose.intervalSeconds) * 1_000,
      metrics: loaderMetrics,
    }),
  );
  const force = new AbortController();

  return {
    async run(signal) {
      await migrate(api, readMigrations(), { log, signal });
      await Promise.all(loaders.map((each) => each.start(signal)));
      progress.setReady(true);
      // One that fails ends the others too, after the batch that they have in flight.
      const failed = new AbortController();
      const until = AbortSignal.any([signal, failed.signal]);
      const ends = await Promise.allSettled(
        loaders.map((each) =>
          each.run(until, force.signal).catch((error: unknown) => {
            failed.abort(error);
            throw error;
          }),
        ),
      );
      for (const end of ends) if (end.status === 'rejected') throw firstFault(end, failed.signal);
    },
    async close() {
      force.abort();
      s3.destroy();
      redshift.destroy();
    },
  };
}

/** The fault that ended the loaders, rather than an abort that followed from it. */
function firstFault(end: PromiseRejectedResult, failed: AbortSignal): unknown {
  return failed.aborted ? failed.reason : end.reason;
}
