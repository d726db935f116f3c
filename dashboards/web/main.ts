import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { latestBatchKey } from '../../schemas/lake-layout.ts';
import { topics } from '../../schemas/topics.ts';
import { settleWithin } from '../../runtime/abortable-wait.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../../runtime/daemon/run-daemon.ts';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { createDataApi } from '../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../runtime/redshift/redshift-client.ts';
import { createBatchWatch } from './batch-watch.ts';
import { createFreshness, parseCheckpoint } from './freshness.ts';
import { createLiveEvents } from './live-events.ts';
import { runLiveUpdates } from './live-updates.ts';
import { loadPageFiles } from './page-files.ts';
import { createPageServer } from './server.ts';
import { createTicketFeed } from './ticket-feed.ts';
import { createRedshiftWarehouse } from './warehouse.ts';

/** How often S3 is asked for a new batch while somebody looks. */
const POLL_MS = 1_000;
/** Requests for the document that come closer together than this share one look. */
const MIN_GAP_MS = 500;
/** The feed itself tries again later; a viewer should hear of a problem soon. */
const API_GIVE_UP_MS = 5_000;
const FOLLOWER_CLOSE_MS = 1_000;

/** The live page: the catalogue's measures over the warehouse, as of the latest batch. */
export const dashboard: DaemonDefinition = { name: 'dashboard', build };

async function build({ config, log, progress }: DaemonContext): Promise<Daemon> {
  const files = await loadPageFiles(join(import.meta.dirname, 'page'));
  const s3 = new S3Client({
    region: config.aws.region,
    ...(config.aws.endpoint === undefined ? {} : { endpoint: config.aws.endpoint }),
    requestHandler: { requestTimeout: 5_000, connectionTimeout: 2_000 },
  });
  const redshift = createRedshiftDataClient(config.aws);
  const kafka = createKafka(config.kafka, { clientId: 'careplus-dashboard', log });
  const events = createLiveEvents();
  const freshness = createFreshness();
  const stop = new AbortController();
  const feed = createTicketFeed({
    warehouse: createRedshiftWarehouse(
      createDataApi({
        client: redshift,
        target: {
          workgroupName: config.warehouse.workgroup,
          database: config.warehouse.database,
          secretArn: config.warehouse.secretArn,
        },
        log,
        onWait: () => progress.beat(),
        giveUpMs: API_GIVE_UP_MS,
      }),
    ),
    batches: createBatchWatch({
      s3,
      bucket: config.aws.bucket,
      key: latestBatchKey(supportTickets),
    }),
    freshness,
    log,
    signal: stop.signal,
    minGapMs: MIN_GAP_MS,
  });
  const server = createPageServer({ feed, events, files });

  return {
    async run(signal) {
      const onAbort = () => stop.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      await listen(server, config.dashboard, signal);
      progress.setReady(true);
      log.info({ address: `http://${config.dashboard.host}:${config.dashboard.port}/` }, 'serving');
      const following = followCompacted({
        kafka,
        topic: topics.readerCheckpoints.name,
        signal: stop.signal,
        onValue(_key, value) {
          const checkpoint = value === null ? undefined : parseCheckpoint(value.toString('utf8'));
          if (checkpoint) freshness.onCheckpoint(checkpoint);
        },
      }).catch((error: unknown) => {
        log.error({ err: error }, 'the reader’s heartbeat is not followed any more');
      });
      try {
        await runLiveUpdates({
          feed,
          events,
          pollMs: POLL_MS,
          signal: stop.signal,
          onTurn: () => progress.beat(),
        });
      } finally {
        stop.abort();
        // A broker that does not answer may hold it up; nothing of it has to be kept.
        await settleWithin(following, FOLLOWER_CLOSE_MS);
      }
    },
    async close() {
      stop.abort();
      events.close();
      await closeServer(server);
      s3.destroy();
      redshift.destroy();
    },
  };
}

/** @throws {PipelineError} CFG_9004 when the port is taken. */
async function listen(
  server: Server,
  { host, port }: DaemonContext['config']['dashboard'],
  signal: AbortSignal,
): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening', { signal });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause;
    throw new PipelineError('CFG_9004', `the page's address ${host}:${port} is taken`, { cause });
  }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
