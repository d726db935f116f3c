import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKafka, type KafkaBroker } from '../../../infra/local/kafka.ts';
import type { KafkaConfig } from '../../../runtime/config/config-schema.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { createLog, type Logger } from '../../../runtime/observability/log.ts';
import { freePorts } from '../kafka/broker-process.ts';
import { createAuthority, pemOf, type TestAuthority } from './certificates.ts';

let folder: string;
let authority: TestAuthority;
let broker: KafkaBroker;
let ports: Record<'right' | 'other' | 'expired', number>;

/** One broker that shows another certificate on each of its listeners. */
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-tls-'));
  authority = createAuthority(folder);
  const [port = 0, controllerPort = 0, right = 0, other = 0, expired = 0] = await freePorts(5);
  ports = { right, other, expired };
  const certificates = {
    right: authority.issue('right', { host: 'localhost', days: 2 }),
    other: authority.issue('other', { host: 'broker.example.com', days: 2 }),
    expired: authority.issue('expired', { host: 'localhost', days: -1 }),
  };
  const listeners = Object.entries(ports).map(
    ([name, at]) => `${name.toUpperCase()}://localhost:${at}`,
  );
  const properties: Record<string, string> = {
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort},${listeners.join(',')}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},${listeners.join(',')}`,
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,RIGHT:SSL,OTHER:SSL,EXPIRED:SSL',
  };
  for (const [name, certificate] of Object.entries(certificates)) {
    const file = path.join(folder, `${name}.keystore.pem`);
    writeFileSync(file, pemOf(certificate));
    properties[`listener.name.${name}.ssl.keystore.type`] = 'PEM';
    properties[`listener.name.${name}.ssl.keystore.location`] = file;
  }
  broker = await startKafka({
    stateDir: path.join(folder, 'state'),
    port,
    controllerPort,
    properties,
    topics: [],
  });
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const client = (at: number, ssl: KafkaConfig['ssl'], log: Logger) =>
  createKafka({ brokers: [`localhost:${at}`], ssl }, { clientId: 'test', log });

/** What the log says while a client tries to connect; it goes on trying for a minute. */
async function warningOf(at: number, ssl: KafkaConfig['ssl']): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const log = pino({ level: 'warn' }, { write: resolve });
  const admin = client(at, ssl, log).admin();
  const connected = admin.connect().then(
    () => 'connected',
    (error: unknown) => String(error),
  );
  const outcome = await Promise.race([promise, connected]);
  void admin.disconnect();
  return outcome;
}

describe('a broker with TLS', () => {
  it('is reached when its certificate is of its host and of a trusted authority', async () => {
    const { caFile } = authority;
    const admin = client(ports.right, { caFile }, createLog('test', 'silent')).admin();
    await admin.connect();
    await expect(admin.listTopics()).resolves.toBeInstanceOf(Array);
    await admin.disconnect();
  });

  it('is refused when the certificate is of another host or has expired, and the log says so', async () => {
    const { caFile } = authority;
    await expect(warningOf(ports.other, { caFile })).resolves.toMatch(/broker\.example\.com/);
    await expect(warningOf(ports.expired, { caFile })).resolves.toMatch(/expired/);
  });

  it('is refused when its authority is not one that is trusted', async () => {
    await expect(warningOf(ports.right, true)).resolves.toMatch(
      /unable to verify the first certificate/,
    );
  });
});
