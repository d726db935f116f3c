import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSource } from '../../../operations/verify/source-connection.ts';
import type { SourceConfig } from '../../../runtime/config/config-schema.ts';
import { sourceLogin } from '../../../runtime/mysql/source-login.ts';
import { CapturedTable, toLog } from '../cdc-reader/reader-harness.ts';
import { startSource, type Source } from '../cdc-reader/servers.ts';
import { startTestBroker, type TestBroker } from '../kafka/broker.ts';
import { createAuthority, type ServerCertificate, type TestAuthority } from './certificates.ts';

let folder: string;
let authority: TestAuthority;
let certificates: Record<'right' | 'other host' | 'expired', ServerCertificate>;
let source: Source;
let broker: TestBroker;
/** What the server shows; it reads these files again on FLUSH SSL. */
let shown: ServerCertificate;

function lay({ cert, key }: ServerCertificate): void {
  copyFileSync(cert, shown.cert);
  copyFileSync(key, shown.key);
  // The server runs as a user of its own.
  chmodSync(shown.key, 0o644);
}

async function show(certificate: ServerCertificate): Promise<void> {
  lay(certificate);
  await source.sql('FLUSH SSL');
}

function configOf(ssl: SourceConfig['ssl'], host = 'localhost'): SourceConfig {
  const { port, user } = source.login;
  const { passwordFile } = source;
  const rest = { serverId: 7001, heartbeatSeconds: 10, checkpointIntervalMs: 1_000 };
  return { name: 'test', host, port, user, passwordFile, ssl, ...rest };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-tls-'));
  chmodSync(folder, 0o755);
  authority = createAuthority(folder);
  certificates = {
    right: authority.issue('right', { host: 'localhost', days: 2 }),
    'other host': authority.issue('other', { host: 'mysql.example.com', days: 2 }),
    expired: authority.issue('expired', { host: 'localhost', days: -1 }),
  };
  shown = { cert: path.join(folder, 'shown.pem'), key: path.join(folder, 'shown.key') };
  lay(certificates.right);
  source = await startSource({
    ssl_cert: shown.cert,
    ssl_key: shown.key,
    ssl_ca: authority.caFile,
  });
  await source.sql(`ALTER USER '${source.login.user}'@'127.0.0.1' REQUIRE SSL`);
  broker = await startTestBroker();
});
afterAll(async () => {
  await source.stop();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const signal = AbortSignal.timeout(60_000);

describe('a source with TLS', () => {
  it('is captured, snapshot and binlog, where it takes no other connections', async () => {
    await source.sql(
      "CREATE TABLE kept (ticket_id TEXT, status TEXT); INSERT INTO kept VALUES ('a', 'Open')",
    );
    const login = await sourceLogin(configOf({ caFile: authority.caFile }))();
    const table = await CapturedTable.prepare({ ...source, login }, broker, 'kept');
    table.start();
    await table.expectEqual();
    await source.sql(
      "INSERT INTO kept VALUES ('b', 'Open'); DELETE FROM kept WHERE ticket_id = 'a'",
    );
    await table.expectEqual();
    await table.close();
  });

  it('takes authorities as text, too, and is verified by `careplus verify` likewise', async () => {
    const ca = readFileSync(authority.caFile, 'utf8');
    await using connection = await connectSource(configOf({ ca }), signal);
    const [status] = await connection.query("SHOW STATUS LIKE 'Ssl_version'");
    expect(status?.['Value']).toMatch(/^TLSv1\.[23]$/);
  });

  it('does not fall back to a connection without TLS', async () => {
    await expect(connectSource(configOf(false), signal)).rejects.toMatchObject({
      code: 'CDC_1008',
    });
  });

  it.each([
    ['whose certificate has expired', 'expired', 'localhost', /expired/],
    ['whose certificate is of another host', 'other host', 'localhost', /mysql\.example\.com/],
    ['that is named by its address alone', 'other host', '127.0.0.1', /mysql\.example\.com/],
  ] as const)('is refused %s', async (_, name, host, why) => {
    await show(certificates[name]);
    try {
      const config = configOf({ caFile: authority.caFile }, host);
      const refused = connectSource(config, signal);
      await expect(refused).rejects.toMatchObject({ code: 'CDC_1010' });
      await expect(refused).rejects.toThrow(why);
      const login = await sourceLogin(config)();
      const table = await CapturedTable.prepare({ ...source, login }, broker, 'kept');
      const reader = table.start();
      await toLog(reader, 'CDC_1010');
      expect(await table.changes()).toEqual([]);
      await table.close();
    } finally {
      await show(certificates.right);
    }
  });

  it('is refused when its authority is not one that is trusted', async () => {
    await expect(connectSource(configOf(true), signal)).rejects.toMatchObject({ code: 'CDC_1010' });
  });
});
