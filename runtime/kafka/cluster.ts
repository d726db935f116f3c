import type { Broker, Cluster, Kafka } from 'kafkajs';
import { settleWithin } from '../abortable-wait.ts';

/** kafkajs waits for the answers that are due; whoever closes this has no use for them. */
const DISCONNECT_MS = 1_000;

/** A request with its version, as kafkajs sends it over a broker's authenticated connection. */
export interface ProtocolRequest<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(answer: Buffer): Promise<T>;
    parse(decoded: T): Promise<T>;
  };
}

export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** The parts of kafkajs' broker that its type declarations leave out. */
export interface TransactionBroker extends Broker {
  readonly connectionPool: { send<T>(request: ProtocolRequest<T>): Promise<T> };
  initProducerId(request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }): Promise<ProducerIdentity>;
  addPartitionsToTxn(
    request: ProducerIdentity & {
      readonly transactionalId: string;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly number[];
      }[];
    },
  ): Promise<unknown>;
  endTxn(
    request: ProducerIdentity & {
      readonly transactionalId: string;
      readonly transactionResult: boolean;
    },
  ): Promise<unknown>;
}

/** kafkajs' own view of the brokers: connections, authentication, metadata, coordinators. */
export interface KafkaCluster extends Omit<Cluster, 'findBroker' | 'findGroupCoordinator'> {
  findBroker(node: { readonly nodeId: string }): Promise<TransactionBroker>;
  findGroupCoordinator(group: {
    readonly groupId: string;
    /** 0 for a group, 1 for a transactional id. */
    readonly coordinatorType?: 0 | 1;
  }): Promise<TransactionBroker>;
}

/** Sends a request of our own over a broker's connection, as kafkajs sends its own. */
export async function sendRequest<T>(
  broker: TransactionBroker,
  request: ProtocolRequest<T>,
): Promise<T> {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') {
      await broker.disconnect();
    }
    throw error;
  }
}

export interface ConnectedCluster {
  readonly cluster: KafkaCluster;
  readonly close: () => Promise<void>;
}

/**
 * Connects to the cluster below kafkajs' producers and consumers. kafkajs hands its cluster to
 * partition assigners only; the consumer that this takes it from never joins a group.
 *
 * kafkajs is frozen at its version, and the few calls that are used here are tested against a
 * real broker.
 */
export async function connectCluster(
  kafka: Kafka,
  { readUncommitted = false }: { readonly readUncommitted?: boolean } = {},
): Promise<ConnectedCluster> {
  let found: Cluster | undefined;
  const consumer = kafka.consumer({
    groupId: 'none',
    readUncommitted,
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        found = cluster;
        return {
          name: 'none',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  if (!found) throw new TypeError('kafkajs did not hand over its cluster');
  const close = () => settleWithin(consumer.disconnect(), DISCONNECT_MS);
  try {
    await consumer.connect();
  } catch (error) {
    await close();
    throw error;
  }
  return { cluster: found as unknown as KafkaCluster, close };
}
