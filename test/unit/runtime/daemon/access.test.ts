import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openGate, type AccessSetting } from '../../../../runtime/daemon/access.ts';

const token = 'a-token-of-decent-length';
let server: Server | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
  server?.closeAllConnections();
});

/** A server behind the gate that answers whom it lets in with 200. */
async function serve(setting: AccessSetting) {
  const gate = await openGate('dashboard', setting);
  server = createServer((request, response) => {
    if (gate(request, response)) response.end('in');
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return (path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
}

describe('a server that only this machine reaches', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('is open on %s', async (host) => {
    const get = await serve({ host });
    expect((await get('/')).status).toBe(200);
  });

  it('asks for a token when one is named', async () => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', token);
    const get = await serve({ host: '127.0.0.1' });
    expect((await get('/')).status).toBe(401);
  });
});

describe('a server that a network reaches', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'dashboard.example.com'])(
    'does not start on %s without a token, and says what to name',
    async (host) => {
      await expect(openGate('health', { host })).rejects.toMatchObject({ code: 'CFG_9001' });
      await expect(openGate('health', { host })).rejects.toThrow(/CAREPLUS_HEALTH_TOKEN/);
    },
  );

  it('does not take a token that can be tried out', async () => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', 'short');
    await expect(openGate('dashboard', { host: '0.0.0.0' })).rejects.toThrow(/at least 20/);
  });

  it('lets in by header or cookie, and nobody else', async () => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', token);
    const get = await serve({ host: '0.0.0.0' });
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await get('/api/tickets', headers)).status;
    expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await status({ cookie: `a=b; careplus_token=${token}` })).toBe(200);
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Bearer ${token}x` })).toBe(401);
    expect(await status({ authorization: token })).toBe(401);
    expect(await status({ cookie: `other_token=${token}` })).toBe(401);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('turns the token of an address into a cookie that no script reads, and takes it out of sight', async () => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', token);
    const get = await serve({ host: '0.0.0.0' });
    const response = await get(`/prefix/logs?level=ERROR&token=${token}`);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('./logs?level=ERROR');
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict/);
    const [pair = ''] = cookie.split(';');
    expect((await get('/logs', { cookie: pair })).status).toBe(200);
    expect((await get('/?token=a-token-of-another-kind')).status).toBe(401);
    expect(cookie).not.toContain('Secure');
    const behindTls = await get(`/?token=${token}`, { 'x-forwarded-proto': 'https' });
    expect(behindTls.headers.get('set-cookie')).toMatch(/; Secure$/);
  });
});
