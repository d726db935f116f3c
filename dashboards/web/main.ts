import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { supportLogs } from '../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { latestBatchKey } from '../../schemas/lake-layout.ts';
import { processorGroup, topics } from '../../schemas/topics.ts';
import { settleWithin } from '../../runtime/abortable-wait.ts';
import { openGate } from '../../runtime/daemon/access.ts';
import type { Daemon, DaemonContext, DaemonDefinition } from '../../runtime/daemon/run-daemon.ts';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { createDataApi } from '../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../runtime/redshift/redshift-client.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import { createBatchWatch, shareLooks } from './feeds/batch-watch.ts';
import { createHeartbeats, type Heartbeats } from './feeds/heartbeats.ts';
import { createLiveRooms, type LiveRooms } from './feeds/live-rooms.ts';
import { createRedshiftWarehouse } from './figures/warehouse.ts';
import { createListFile } from './lists/list-file.ts';
import { entryList, ticketList } from './lists/list-kinds.ts';
import { createQuarantinePages } from './lists/quarantine-pages.ts';
import { loadPageFiles, type PageName } from './page-files.ts';
import { createTopicPositions } from './pipeline/topic-positions.ts';
import { createPageServer, type OpenRoom } from './server.ts';
import { createViews } from './views.ts';

/** How often S3 is asked for a new batch while somebody looks. */
const POLL_MS = 1_000;
/** Requests for the document that come closer together than this share one look. */
const MIN_GAP_MS = 500;
/** Many views follow the same batches: one look is theirs all. */
const SHARED_LOOK_MS = 400;
/** Different views of one page that are looked at at the same time: each is a query set a batch. */
const VIEWS_AT_A_TIME = 24;
/** The feed itself tries again later; a viewer should hear of a problem soon. */
const API_GIVE_UP_MS = 5_000;
/** Of one question beside the figures. */
const QUESTION_TIMEOUT_MS = 15_000;
const FOLLOWER_CLOSE_MS = 1_000;

/** The live pages: the catalogue's measures over the warehouse, as of the latest batch. */
export const dashboard: DaemonDefinition = { name: 'dashboard', build };

async function build({ config, log, progress }: DaemonContext): Promise<Daemon> {
  const files = await loadPageFiles(join(import.meta.dirname, 'page'));
  const s3 = createS3Client(config.aws, { requestTimeoutMs: 5_000 });
  const redshift = createRedshiftDataClient(config.aws);
  const kafka = createKafka(config.kafka, { clientId: 'careplus-dashboard', log });
  const stop = new AbortController();
  const heartbeats = { tickets: createHeartbeats(), logs: createHeartbeats() };
  const warehouse = createRedshiftWarehouse(
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
  );
  const { bucket } = config.aws;
  const watch = (dataset: typeof supportTickets | typeof supportLogs) =>
    shareLooks(createBatchWatch({ s3, bucket, key: latestBatchKey(dataset) }), {
      keepMs: SHARED_LOOK_MS,
      signal: stop.signal,
    });
  const positions = createTopicPositions({
    kafka,
    consumed: [supportTickets, supportLogs].map((dataset) => ({
      topic: dataset.topic.name,
      groupId: processorGroup(dataset),
    })),
  });
  const views = createViews({
    ...{ warehouse, heartbeats, positions, log, minGapMs: MIN_GAP_MS },
    batches: { tickets: watch(supportTickets), logs: watch(supportLogs) },
  });
  const names = Object.keys(views) as PageName[];
  const whole = new Map(names.map((name) => [name, views[name](new URLSearchParams())]));
  const rooms = Object.fromEntries(
    names.map((name) => [
      name,
      createLiveRooms({
        name,
        limit: VIEWS_AT_A_TIME,
        pollMs: POLL_MS,
        signal: stop.signal,
        onTurn: () => progress.beat(),
        kept: whole.get(name)?.key,
      }),
    ]),
  ) as Record<PageName, LiveRooms>;
  const open = (name: PageName): OpenRoom => {
    return (query) => {
      const view = views[name](query);
      return view ? (rooms[name].open(view) ?? 'full') : 'none';
    };
  };
  const questionSignal = () =>
    AbortSignal.any([stop.signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]);
  const quarantinePages = createQuarantinePages(warehouse);
  const server = createPageServer({
    gate: await openGate('dashboard', config.dashboard),
    pages: Object.fromEntries(names.map((name) => [name, open(name)])) as Record<
      PageName,
      OpenRoom
    >,
    files,
    listFiles: {
      tickets: createListFile(ticketList, { warehouse, signal: questionSignal }),
      entries: createListFile(entryList, { warehouse, signal: questionSignal }),
    },
    async quarantine(filter) {
      // A page of the list counts for one batch.
      const pipeline = open('pipeline')(new URLSearchParams());
      if (typeof pipeline === 'string') throw new TypeError('the pipeline page has no room');
      await pipeline.feed.refresh();
      return quarantinePages.read(filter, {
        state: String(pipeline.feed.version),
        signal: questionSignal(),
      });
    },
  });

  /** Follows a checkpoint topic; without it the pages know less and go on. */
  const follow = async (topic: string, { onRecord }: Heartbeats) => {
    try {
      await followCompacted({ kafka, topic, signal: stop.signal, onValue: onRecord });
    } catch (error) {
      log.error({ err: error, topic }, 'the heartbeats of this topic are not followed any more');
    }
  };

  return {
    async run(signal) {
      const onAbort = () => stop.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      await listen(server, config.dashboard, signal);
      progress.setReady(true);
      log.info({ address: `http://${config.dashboard.host}:${config.dashboard.port}/` }, 'serving');
      const following = Promise.all([
        follow(topics.readerCheckpoints.name, heartbeats.tickets),
        follow(topics.shipperCheckpoints.name, heartbeats.logs),
      ]);
      // The pages that everybody asks for first stand ready; their loops say that we live.
      for (const [name, view] of whole) if (view) rooms[name].open(view);
      try {
        await Promise.race(names.map((name) => rooms[name].ended));
      } finally {
        stop.abort();
        // A broker that does not answer may hold it up; nothing of it has to be kept.
        await settleWithin(Promise.all([following, positions.close()]), FOLLOWER_CLOSE_MS);
      }
    },
    async close() {
      stop.abort();
      for (const each of Object.values(rooms)) each.close();
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
