/**
 * The real broker of an integration test file.
 *
 *   const broker = await startTestBroker();           // in beforeAll
 *   const topic = await broker.createTopic({ partitions: 3 });
 *   await broker.stop();                              // in afterAll
 *
 * With CAREPLUS_TEST_KAFKA set (host:port of a broker with {@link testBrokerProperties}) that one
 * is used and left running; topics are unique, so files can share it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin, Kafka } from 'kafkajs';
import { expect, vi } from 'vitest';
import { startKafka } from '../../../infra/local/kafka.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { openTopicFetcher } from '../../../runtime/kafka/topic-fetcher.ts';
import { createLog, type Logger } from '../../../runtime/observability/log.ts';

/** Makes the broker's slow background work quick, so that tests can wait for it. */
export const testBrokerProperties: Readonly<Record<string, string>> = {
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  'log.cleaner.backoff.ms': '200',
  'log.retention.check.interval.ms': '500',
  'log.initial.task.delay.ms': '500',
  'group.min.session.timeout.ms': '1000',
};

export interface TestTopic {
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
}

export interface TestBroker {
  readonly brokers: string[];
  readonly log: Logger;
  /** A new client; give every consumer loop one of its own. */
  client(clientId?: string): Kafka;
  /** Creates a topic with a name of its own and tells it. */
  createTopic(topic?: TestTopic): Promise<string>;
  /** Waits until no transaction is open on a topic: the markers of a commit come after its answer. */
  settled(topic: string): Promise<void>;
  /** Removes the records of partition 0 below an offset, as retention would. */
  removeBelow(topic: string, offset: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestBroker(): Promise<TestBroker> {
  const log = createLog('test', process.env['CAREPLUS_LOG_LEVEL'] ?? 'silent');
  const shared = process.env['CAREPLUS_TEST_KAFKA'];
  const running = shared
    ? { brokers: shared.split(','), stop: () => Promise.resolve() }
    : await startOwnBroker();
  const { brokers } = running;
  const client = (clientId = 'test') => createKafka({ brokers, ssl: false }, { clientId, log });
  return {
    brokers,
    log,
    client,
    stop: () => running.stop(),
    async createTopic({ partitions = 1, config = {} } = {}) {
      const topic = uniqueName('topic');
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      await withAdmin(client(), (admin) =>
        admin.createTopics({
          topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
        }),
      );
      return topic;
    },
    async settled(topic) {
      const [stable, written] = await Promise.all([
        openTopicFetcher(client(), { topic }),
        openTopicFetcher(client(), { topic, uncommitted: true }),
      ]);
      try {
        await vi.waitFor(
          async () => expect(await stable.ranges()).toEqual(await written.ranges()),
          {
            timeout: 10_000,
            interval: 10,
          },
        );
      } finally {
        await Promise.all([stable.close(), written.close()]);
      }
    },
    async removeBelow(topic, offset) {
      await withAdmin(client(), async (admin) => {
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] });
      });
    },
  };
}

async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function startOwnBroker() {
  const stateDir = await mkdtemp(join(tmpdir(), 'careplus-kafka-'));
  const [port, controllerPort] = await freePorts(2);
  const broker = await startKafka({
    stateDir,
    port: port ?? 0,
    controllerPort: controllerPort ?? 0,
    topics: [],
    properties: testBrokerProperties,
  });
  return {
    brokers: [...broker.brokers],
    async stop() {
      await broker.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** A name that no other test has, for topics, groups and transactional ids. */
export function uniqueName(what: string): string {
  return `${what}-${randomBytes(6).toString('hex')}`;
}

/** @returns ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
