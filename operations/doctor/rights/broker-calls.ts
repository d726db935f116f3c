import type { Broker, Cluster, Kafka } from 'kafkajs';
import { connectCluster } from '../../../runtime/kafka/cluster.ts';
import { protocolErrorType } from '../../../runtime/kafka/protocol-errors.ts';

/**
 * Requests of the Kafka protocol as kafkajs sends them, one by one. Every one of these is answered
 * with an error behind the broker's authorization, and so tells whether a right is there while it
 * changes nothing (kafka.server.KafkaApis: rights are looked at before anything else).
 */
export interface BrokerCalls {
  describeTopic(topic: string): Promise<void>;
  /** Reads at a position that no topic has. */
  read(topic: string): Promise<void>;
  /** Writes with a number of acknowledgements that does not exist. */
  write(topic: string): Promise<void>;
  askSettings(topic: string): Promise<void>;
  findGroup(group: string): Promise<void>;
  /** A heartbeat of a member that is none. */
  join(group: string): Promise<void>;
  /** A number for a producer, as every transaction begins; it is used for nothing. */
  takeProducerId(): Promise<void>;
  findTransactionalId(id: string): Promise<void>;
  /** Adds a topic to a transaction of a producer that does not exist; the real one notices nothing. */
  addToTransaction(id: string, topic: string): Promise<void>;
  close(): Promise<void>;
}

/** What kafkajs' types leave out of its broker. */
interface Requests extends Broker {
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  findGroupCoordinator(request: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
  initProducerId(request: {
    readonly transactionalId: null;
    readonly transactionTimeout: number;
  }): Promise<unknown>;
  addPartitionsToTxn(request: {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  }): Promise<unknown>;
  describeConfigs(request: {
    readonly resources: readonly {
      readonly type: number;
      readonly name: string;
      readonly configNames: readonly string[];
    }[];
  }): Promise<unknown>;
}

const GROUP = 0;
const TRANSACTION = 1;
const TOPIC = 2;
const NOBODY = 'careplus-doctor';
/** Neither a position nor a producer. */
const NOWHERE = '9223372036854775807';
/** -1, 0 and 1 are those that exist. */
const NO_SUCH_ACKS = 2;

/** Connects. @throws what the client throws; authentication is part of it. */
export async function openBrokerCalls(kafka: Kafka): Promise<BrokerCalls> {
  const { cluster, close } = await connectCluster(kafka);
  const any = await anyBroker(cluster).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const coordinator = async (groupId: string, coordinatorType: number) => {
    const { coordinator: found } = await any.findGroupCoordinator({ groupId, coordinatorType });
    return (await cluster.findBroker({ nodeId: String(found.nodeId) })) as Requests;
  };
  return {
    async describeTopic(topic) {
      await any.metadata([topic]);
    },
    async read(topic) {
      const partitions = [{ partition: 0, fetchOffset: NOWHERE, maxBytes: 1 }];
      await unless(
        ['OFFSET_OUT_OF_RANGE', 'NOT_LEADER_FOR_PARTITION'],
        any.fetch({ maxWaitTime: 0, minBytes: 0, maxBytes: 1, topics: [{ topic, partitions }] }),
      );
    },
    async write(topic) {
      const messages = [{ key: NOBODY, value: NOBODY }];
      await unless(
        ['INVALID_REQUIRED_ACKS'],
        any.produce({
          acks: NO_SUCH_ACKS,
          timeout: 1_000,
          topicData: [{ topic, partitions: [{ partition: 0, firstSequence: 0, messages }] }],
        }),
      );
    },
    async askSettings(name) {
      await any.describeConfigs({
        resources: [{ type: TOPIC, name, configNames: ['cleanup.policy'] }],
      });
    },
    async findGroup(group) {
      await coordinator(group, GROUP);
    },
    async join(groupId) {
      const broker = await coordinator(groupId, GROUP);
      await unless(
        ['UNKNOWN_MEMBER_ID'],
        broker.heartbeat({ groupId, groupGenerationId: 0, memberId: NOBODY }),
      );
    },
    async takeProducerId() {
      await any.initProducerId({ transactionalId: null, transactionTimeout: 1_000 });
    },
    async findTransactionalId(id) {
      await coordinator(id, TRANSACTION);
    },
    async addToTransaction(transactionalId, topic) {
      const broker = await coordinator(transactionalId, TRANSACTION);
      await unless(
        // The id is looked at before the topic, whose rights are tried by themselves.
        ['INVALID_PRODUCER_ID_MAPPING', 'TOPIC_AUTHORIZATION_FAILED'],
        broker.addPartitionsToTxn({
          ...{ transactionalId, producerId: NOWHERE, producerEpoch: 0 },
          topics: [{ topic, partitions: [0] }],
        }),
      );
    },
    close,
  };
}

async function anyBroker(cluster: Cluster): Promise<Requests> {
  await cluster.refreshMetadata();
  const [nodeId] = cluster.getNodeIds();
  return (await cluster.findBroker({ nodeId: String(nodeId) })) as Requests;
}

/** Waits for a call that has to be answered with one of these errors. @throws any other answer. */
async function unless(expected: readonly string[], call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!expected.includes(protocolErrorType(error) ?? '')) throw error;
  }
}
