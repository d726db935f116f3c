/**
 * The real broker of an integration test file.
 *
 *   const broker = await startTestBroker();           // in beforeAll
 *   const topic = await broker.createTopic({ partitions: 3 });
 *   await broker.stop();                              // in afterAll
 *
 * The files of a run share the broker whose address is in CAREPLUS_TEST_KAFKA (host:port; the set-up
 * of shared-broker.ts starts it); without it a file starts its own. Topics have names of their own.
 */
import { randomBytes } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';
import { expect, vi } from 'vitest';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { openTopicFetcher } from '../../../runtime/kafka/topic-fetcher.ts';
import { createLog, type Logger } from '../../../runtime/observability/log.ts';
import { startBrokerProcess } from './broker-process.ts';

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
    : await startBrokerProcess();
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
      await withAdmin(client(), async (admin) => {
        await admin.createTopics({
          // The client would give up on a broker that does not know its newest topic yet.
          waitForLeaders: false,
          topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
        });
        // Told by the leaders themselves: metadata names them before they know it.
        await vi.waitFor(() => admin.fetchTopicOffsets(topic), 20_000);
      });
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

/** A name that no other test has, for topics, groups and transactional ids. */
export function uniqueName(what: string): string {
  return `${what}-${randomBytes(6).toString('hex')}`;
}
