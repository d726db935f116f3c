import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type ConnectionOptions, type SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tlsOptions } from '../../../runtime/config/tls.ts';
import { createAuthority, type ServerCertificate } from './certificates.ts';

let folder: string;
let caFile: string;
let certificate: ServerCertificate;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-tls-'));
  const authority = createAuthority(folder);
  ({ caFile } = authority);
  certificate = authority.issue('server', { host: 'localhost', days: 1 });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Connects to a server that speaks at most one version. @returns the version that both took. */
async function spoken(maxVersion: SecureVersion, options: ConnectionOptions) {
  const server = createServer({
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
    ...{ minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: 'localhost', port, ...options });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  } finally {
    socket.destroy();
    server.close();
  }
}

const ours = () => tlsOptions('source.ssl', { caFile }) ?? {};

describe('TLS to source and broker', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is spoken as %s', async (version) => {
    expect(await spoken(version, ours())).toBe(version);
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)(
    'is not spoken as %s, which was broken',
    async (version) => {
      // Even where the machine's OpenSSL would allow it.
      const permissive = { ciphers: 'DEFAULT@SECLEVEL=0' };
      expect(await spoken(version, { ...ours(), ...permissive, minVersion: 'TLSv1' })).toBe(
        version,
      );
      await expect(spoken(version, { ...ours(), ...permissive })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_SSL_/) as string,
      });
    },
  );

  it('is verified whatever the environment says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const strangers = tlsOptions('source.ssl', true) ?? {};
      await expect(spoken('TLSv1.3', strangers)).rejects.toMatchObject({
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });
});
