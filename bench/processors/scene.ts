import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { createAwsResources } from '../../infra/local/aws-resources.ts';
import { startKafka } from '../../infra/local/kafka.ts';
import { removeState } from '../../infra/local/state-folders.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { watchedMetrics } from '../../schemas/daemon-metrics.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { DEFAULT_BUCKET } from '../../schemas/lake-layout.ts';
import { processorGroup } from '../../schemas/topics.ts';
import { startEndpointProcess } from '../../test/conformance/endpoint-under-test.ts';
import { peakMb } from '../measure/process-figures.ts';

/** One running `careplus run ticket-processor`. */
export interface Processor {
  readonly pid: number;
  /** Rows that Firehose has taken from it. */
  rows(): Promise<number>;
  peakMb(): number;
  stop(): Promise<void>;
}

/** Broker and AWS endpoint of a bench. */
export interface Scene {
  readonly kafka: Kafka;
  readonly endpointPid: number;
  readonly brokerPid: number;
  /** Starts a process; resolves when the group has that many members and is stable. */
  startProcessor(members: number): Promise<Processor>;
  /** Removes what was written, and how far the group was. */
  forgetTopic(): Promise<void>;
  close(): Promise<void>;
}

const REGION = 'us-east-1';
const CAREPLUS = path.resolve(import.meta.dirname, '../../operations/careplus.ts');
const MARGIN_MS = 100;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startScene(): Promise<Scene> {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-bench-'));
  const broker = await startKafka({
    stateDir: path.join(folder, 'broker'),
    port: await freePort(),
    controllerPort: await freePort(),
  });
  const endpoint = await startEndpointProcess(path.join(folder, 'aws'));
  const credentials = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  // An interval that outlasts the bench: Firehose answers when records are on disk, and converts later.
  await createAwsResources({
    ...{ endpoint: endpoint.url, region: REGION, bucket: DEFAULT_BUCKET, intervalSeconds: 900 },
  });
  const kafka = createKafka(
    { brokers: [...broker.brokers], ssl: false },
    { clientId: 'careplus-bench', log: createLog('bench', 'silent') },
  );
  const admin = kafka.admin();
  await admin.connect();
  const { topic } = supportTickets;
  const groupId = processorGroup(supportTickets);

  const untilStable = async (members: number) => {
    for (;;) {
      const { groups } = await admin.describeGroups([groupId]);
      const [group] = groups;
      if (group?.state === 'Stable' && group.members.length === members) return;
      await delay(MARGIN_MS);
    }
  };

  return {
    kafka,
    endpointPid: endpoint.pid,
    brokerPid: broker.child.pid,
    async startProcessor(members) {
      const port = await freePort();
      const file = path.join(folder, `${port}.yaml`);
      const config = {
        version: 1,
        kafka: { brokers: broker.brokers },
        source: { name: 'bench', host: '127.0.0.1', user: 'nobody' },
        datasets: { [supportTickets.name]: { database: 'bench', table: 'support_tickets' } },
        aws: { region: REGION, endpoint: endpoint.url },
        warehouse: { workgroup: 'w', database: 'd', copyRoleArn: 'arn:aws:iam::0:role/r' },
        health: { ports: { 'ticket-processor': port } },
      };
      writeFileSync(file, JSON.stringify(config));
      const child = spawn(
        process.execPath,
        [CAREPLUS, 'run', 'ticket-processor', '--config', file],
        {
          stdio: ['ignore', 'ignore', 'inherit'],
          env: { ...process.env, ...credentials, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
        },
      );
      const exited = once(child, 'exit');
      await Promise.race([
        untilStable(members),
        exited.then(() => Promise.reject(new Error('the processor ended'))),
      ]);
      const rowsLine = new RegExp(`^${watchedMetrics.processedRows}\\{.*\\} (\\d+)$`, 'm');
      return {
        pid: child.pid ?? 0,
        async rows() {
          const response = await fetch(`http://127.0.0.1:${port}/metrics`);
          return Number(rowsLine.exec(await response.text())?.[1] ?? 0);
        },
        peakMb: () => peakMb(child.pid ?? 0),
        async stop() {
          child.kill('SIGTERM');
          await exited;
        },
      };
    },
    async forgetTopic() {
      const ends = await admin.fetchTopicOffsets(topic.name);
      await admin.deleteTopicRecords({
        topic: topic.name,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
    },
    async close() {
      await admin.disconnect();
      await endpoint.stop();
      await broker.stop();
      removeState(path.join(folder, 'broker'));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
