import type { Cluster, Kafka } from 'kafkajs';
import { settleWithin } from '../abortable-wait.ts';

/** kafkajs waits for the answers that are due; whoever closes this has no use for them. */
const DISCONNECT_MS = 1_000;

export interface ConnectedCluster {
  readonly cluster: Cluster;
  readonly close: () => Promise<void>;
}

/**
 * Connects kafkajs' cluster, which fetches by explicit offsets. It is handed to partition assigners
 * only; the consumer that this takes it from never joins a group.
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
  return { cluster: found, close };
}
