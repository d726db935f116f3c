import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ExecuteStatementCommand } from '@aws-sdk/client-redshift-data';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRedshiftDataClient } from '../../../runtime/redshift/redshift-client.ts';
import { createAuthority, type ServerCertificate, type TestAuthority } from './certificates.ts';

let folder: string;
let authority: TestAuthority;
let server: Server | undefined;
const trusted = getCACertificates('default');

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-tls-'));
  authority = createAuthority(folder);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
  // As NODE_EXTRA_CA_CERTS does for a process.
  setDefaultCACertificates([...trusted, readFileSync(authority.caFile, 'utf8')]);
});
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});
afterAll(() => {
  setDefaultCACertificates(trusted);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends one statement to a Data API that shows this certificate. @returns the statement's id. */
async function execute({ cert, key }: ServerCertificate): Promise<string | undefined> {
  const started = createServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    (request, response) => {
      request.resume().on('end', () => {
        response
          .setHeader('content-type', 'application/x-amz-json-1.1')
          .end('{"Id":"statement-1"}');
      });
    },
  );
  server = started;
  await new Promise<void>((resolve) => started.listen(0, resolve));
  const { port } = started.address() as AddressInfo;
  const client = createRedshiftDataClient({
    ...{ region: 'us-east-1', bucket: 'b', endpoint: `https://localhost:${port}` },
  });
  try {
    const statement = { WorkgroupName: 'w', Database: 'd', Sql: 'SELECT 1' };
    return (await client.send(new ExecuteStatementCommand(statement))).Id;
  } finally {
    client.destroy();
  }
}

describe('the Data API by TLS', () => {
  it('is asked when its certificate is of its host and of a trusted authority', async () => {
    const right = authority.issue('right', { host: 'localhost', days: 2 });
    await expect(execute(right)).resolves.toBe('statement-1');
  });

  it.each([
    ['of another host', { host: 'redshift-data.example.com', days: 2 }, /altnames/],
    ['expired', { host: 'localhost', days: -1 }, /expired/],
  ])('is told nothing when its certificate is %s', async (name, how, why) => {
    await expect(execute(authority.issue(name.replaceAll(' ', '-'), how))).rejects.toThrow(why);
  });
});
