import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../../../infra/local/kafka.ts';

/** Makes the broker's slow background work quick, so that tests can wait for it. */
const properties: Readonly<Record<string, string>> = {
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  'log.cleaner.backoff.ms': '200',
  'log.retention.check.interval.ms': '500',
  'log.initial.task.delay.ms': '500',
  'group.min.session.timeout.ms': '1000',
};

export interface BrokerProcess {
  readonly brokers: string[];
  stop(): Promise<void>;
}

/** Starts a broker on free ports, in a folder that goes with it. */
export async function startBrokerProcess(): Promise<BrokerProcess> {
  const stateDir = await mkdtemp(join(tmpdir(), 'careplus-kafka-'));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const broker = await startKafka({ stateDir, port, controllerPort, topics: [], properties });
  return {
    brokers: [...broker.brokers],
    async stop() {
      await broker.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
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
