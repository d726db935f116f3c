/**
 * Apache Kafka as the local stack's broker: one KRaft node on the loopback interface, with every
 * topic of schemas/.
 *
 *   const kafka = await startKafka({ stateDir, port: 18402, controllerPort: 18403 });
 *   new Kafka({ brokers: [...kafka.brokers] });
 *   await kafka.stop();
 *
 * Ready means: metadata answered, topics there, and the coordinators of groups and transactions
 * awake, so that the first client does not meet errors of a bare broker. The log stays in the state
 * folder; a killed broker loses nothing that the kernel has.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Kafka, logLevel, type Admin, type ITopicConfig } from 'kafkajs';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { allTopics } from '../../schemas/datasets/registry.ts';
import { topicSettings, type Topic } from '../../schemas/topics.ts';
import { endLeftover, startChild, type Child } from './child-process.ts';
import { runOneShot } from './one-shot.ts';
import { findJava, kafkaJarFolder, kafkaJars } from './programs.mjs';
import { waitUntilReady } from './readiness.ts';
import { openDataFolder, openStateFolders } from './state-folders.ts';

export interface KafkaOptions {
  readonly stateDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Created if absent. Default: all of schemas/. */
  readonly topics?: readonly Topic[];
  /** Extra lines of server.properties, for tests (small segments, short timeouts). */
  readonly properties?: Readonly<Record<string, string>>;
  /** Aborts the start (not the running broker). */
  readonly signal?: AbortSignal | undefined;
}

export interface KafkaBroker {
  readonly brokers: readonly string[];
  readonly child: Child;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const CLUSTER_ID = 'Q2FyZVBsdXNTdHJlYW1zMQ';
const READY_TIMEOUT_MS = 60_000;
const HOUR_MS = 60 * 60 * 1000;

/**
 * Starts the broker, the first time with an empty, formatted log folder.
 * @throws {PipelineError} CFG_9003 if Java or the jars are missing, CFG_9006 if it does not become ready.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaBroker> {
  const { stateDir, port, controllerPort, signal } = options;
  const java = findJava();
  const jars = kafkaJars();
  if (java === null || jars === null) {
    const what = java === null ? 'Java 17 or newer is' : 'the jars of the Kafka broker are';
    throw new PipelineError('CFG_9003', `${what} missing: node setup.mjs installs them`);
  }
  const folders = openStateFolders(stateDir);
  const folder = openDataFolder(stateDir, 'kafka');
  const logDir = join(folder, LOG_FOLDER);
  const config = join(folder, 'server.properties');
  const properties = { ...serverProperties(port, controllerPort), ...options.properties };
  writeFileSync(config, propertiesText(properties));

  const logFile = join(folders.logs, 'kafka.log');
  // Where the locale knows ASCII alone, Java would write a path with other letters elsewhere.
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const common = { command: java, runDir: folders.run, logFile, cwd: folder, env };
  // The format writes this file last.
  if (!existsSync(join(logDir, 'meta.properties'))) {
    const tool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config];
    const format = {
      ...common,
      name: 'kafka-format',
      args: ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', jars.classPath, ...tool],
      signal,
    };
    await endLeftover(format);
    rmSync(logDir, { recursive: true, force: true });
    await runOneShot(format);
  }
  const archive = classArchive(java, folder);
  const child = await startChild({
    ...common,
    name: 'kafka',
    args: [...jvmOptions, ...archive.options, '-cp', jars.classPath, 'kafka.Kafka', config],
    graceMs: 15_000,
  });
  const brokers = [`${HOST}:${port}`];
  const kafka = new Kafka({
    clientId: 'careplus-local-stack',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    retry: { retries: 8, initialRetryTime: 50, maxRetryTime: 500 },
  });
  await waitUntilReady(child, {
    timeoutMs: READY_TIMEOUT_MS,
    signal,
    probe: async () => prepareBroker(kafka, options.topics ?? allTopics),
  });
  return {
    brokers,
    child,
    async stop() {
      await child.stop();
      archive.keep();
    },
  };
}

async function prepareBroker(kafka: Kafka, topics: readonly Topic[]): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 0 } });
  try {
    await admin.connect();
    await createTopics(admin, topics);
  } finally {
    await admin.disconnect();
  }
  await Promise.all([wakeGroupCoordinator(kafka), wakeTransactionCoordinator(kafka)]);
}

/** Creates the topics that are not there yet; those that are stay as they are. */
async function createTopics(admin: Admin, topics: readonly Topic[]): Promise<void> {
  const present = new Set(await admin.listTopics());
  const absent = topics.filter(({ name }) => !present.has(name));
  if (absent.length > 0) await admin.createTopics({ topics: absent.map(topicConfig) });
}

/** Exported for the test that compares it with what the CDK app creates. */
export function topicConfig(topic: Topic): ITopicConfig {
  const settings: Record<string, string> = { ...topicSettings(topic), ...compaction(topic) };
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: 1,
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  };
}

/** A local topic is small: it is compacted sooner than brokers would. */
function compaction({ cleanup }: Topic): Readonly<Record<string, string>> {
  if (cleanup !== 'compact') return {};
  return {
    'segment.ms': `${HOUR_MS}`,
    'delete.retention.ms': `${24 * HOUR_MS}`,
    'min.cleanable.dirty.ratio': '0.1',
  };
}

/** The broker creates its internal topics at the first look-up of a group or a transaction. */
async function wakeGroupCoordinator(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeGroups(['careplus-local-stack']);
  } finally {
    await admin.disconnect();
  }
}

async function wakeTransactionCoordinator(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({
    transactionalId: 'careplus-local-stack',
    maxInFlightRequests: 1,
  });
  try {
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.abort();
  } finally {
    await producer.disconnect();
  }
}

const LOG_FOLDER = 'log';

const jvmOptions = [
  ...['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:-UsePerfData'],
  ...['-Djava.awt.headless=true', '-Dlog4j2.level=WARN', '-Xlog:disable', '-Xlog:all=error:stderr'],
];

/**
 * The classes of a run, archived when it ends: later starts map them instead of loading them (App
 * CDS), which halves the start. Kept beside the jars, one for each Java.
 */
function classArchive(java: string, folder: string): { options: string[]; keep: () => void } {
  const id = createHash('sha256')
    .update(readFileSync(join(dirname(java), '../release')))
    .digest('hex')
    .slice(0, 12);
  const kept = join(kafkaJarFolder, `classes-${id}.jsa`);
  if (existsSync(kept))
    return { options: [`-XX:SharedArchiveFile=${kept}`], keep: () => undefined };
  const made = join(folder, 'classes.jsa');
  rmSync(made, { force: true });
  return {
    options: [`-XX:ArchiveClassesAtExit=${made}`],
    keep() {
      if (!existsSync(made) || existsSync(kept)) return;
      // Copied aside and renamed: another stack may be starting with it.
      const partial = `${kept}.${process.pid}`;
      try {
        copyFileSync(made, partial);
        renameSync(partial, kept);
        rmSync(made);
      } catch {
        // A full disk or a read-only checkout: the next start is slower, nothing else.
        rmSync(partial, { force: true });
      }
    },
  };
}

function serverProperties(port: number, controllerPort: number) {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    // Below its working folder: the file is read as Latin-1, and a comma would divide the path.
    'log.dirs': LOG_FOLDER,
    'auto.create.topics.enable': 'false',
    // A killed broker may register again only when its old session has run out (9 s by default).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'log.cleaner.dedupe.buffer.size': '16777216',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
  };
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
