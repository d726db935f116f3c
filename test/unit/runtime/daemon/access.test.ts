import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
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
  return { port, address: `http://127.0.0.1:${port}` };
}

async function serveWithToken(given = token) {
  vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', given);
  const { port, address } = await serve({ host: '0.0.0.0' });
  return {
    port,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${address}${path}`, { headers, redirect: 'manual' }),
    /** What a browser sends when somebody fills the form in. */
    signIn: (path: string, typed: string, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${address}${path}`, {
        ...{ method: 'POST', headers, redirect: 'manual' },
        body: new URLSearchParams({ token: typed }),
      }),
  };
}

/** The status of a request whose Host is what its sender likes. */
async function statusByHost(port: number, host: string): Promise<number | undefined> {
  const asked = httpRequest({ host: '127.0.0.1', port, headers: { host } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

/** The first line of the answer to a request line that no library would send. */
async function answerTo(port: number, requestLine: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${requestLine}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString('latin1').split('\r\n', 1)[0] ?? '';
}

describe('a server that only this machine reaches', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('is open on %s', async (host) => {
    const { address } = await serve({ host });
    expect((await fetch(address)).status).toBe(200);
  });

  it('is not open to a page that has pointed a name of its own at it', async () => {
    const { port } = await serve({ host: '127.0.0.1' });
    const names = ['127.0.0.1', `127.0.0.1:${port}`, 'LOCALHOST:80', `[::1]:${port}`];
    for (const name of names) expect(await statusByHost(port, name), name).toBe(200);
    const strangers = [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ];
    for (const name of strangers) expect(await statusByHost(port, name), name).toBe(421);
  });

  it('asks for a token when one is named', async () => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', token);
    const { address, port } = await serve({ host: '127.0.0.1' });
    expect((await fetch(address)).status).toBe(401);
    expect(await statusByHost(port, 'evil.example')).toBe(401);
  });
});

describe('a server that a network reaches', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'dashboard.example.com', '127.0.0.1.example.com'])(
    'does not start on %s without a token, and says what to name',
    async (host) => {
      await expect(openGate('health', { host })).rejects.toMatchObject({ code: 'CFG_9001' });
      await expect(openGate('health', { host })).rejects.toThrow(/CAREPLUS_HEALTH_TOKEN/);
    },
  );

  it.each([
    ['that can be tried out', 'short', /at least 20/],
    ['that no header carries', 'a token with blanks in it', /openssl rand/],
    ['of two lines', 'a-token-of-decent\nlength-in-two-lines', /openssl rand/],
  ])('does not take a token %s', async (_, given, message) => {
    vi.stubEnv('CAREPLUS_DASHBOARD_TOKEN', given);
    await expect(openGate('dashboard', { host: '0.0.0.0' })).rejects.toThrow(message);
    await expect(openGate('dashboard', { host: '0.0.0.0' })).rejects.not.toThrow(given);
  });

  it('lets in by header, and nobody else', async () => {
    const { get } = await serveWithToken();
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await get('/api/tickets', headers)).status;
    expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await status({ authorization: `bearer ${token}` })).toBe(200);
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Bearer ${token}x` })).toBe(401);
    expect(await status({ authorization: token })).toBe(401);
    expect(await status({ cookie: `careplus_token=${token}` })).toBe(401);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('does not take a token in an address, which balancers and proxies write down', async () => {
    const { get } = await serveWithToken();
    expect((await get(`/?token=${token}`)).status).toBe(401);
    expect((await get(`/healthz/../api/tickets?token=${token}`)).status).toBe(401);
  });

  it('shows a form to browsers and a line to programs', async () => {
    const { get } = await serveWithToken();
    const form = await get('/', { accept: 'text/html,*/*' });
    expect(form.status).toBe(401);
    expect(form.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await form.text()).toContain('<input id="token" name="token" type="password"');
    expect(await (await get('/')).text()).toMatch(/^This address asks for a token/);
  });

  // As `openssl rand -base64` and Secrets Manager make them.
  it.each([token, 'dGhpcyBpcyBhIHRva2Vu+/w0==', 'x'.repeat(4_000)])(
    'turns the token of the form into a cookie that no script reads',
    async (given) => {
      const { get, signIn } = await serveWithToken(given);
      const response = await signIn('/prefix/logs?level=ERROR', ` ${given}\n`);
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe('./logs?level=ERROR');
      const cookie = response.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/; HttpOnly; SameSite=Strict/);
      expect(cookie).not.toContain(given);
      const [pair = ''] = cookie.split(';');
      expect((await get('/logs', { cookie: `a=b; ${pair}` })).status).toBe(200);
      expect((await get('/logs', { cookie: `${pair}x` })).status).toBe(401);
      expect(cookie).not.toContain('Secure');
      const behindTls = await signIn('/', given, { 'x-forwarded-proto': 'https' });
      expect(behindTls.headers.get('set-cookie')).toMatch(/; Secure$/);
    },
  );

  it.each([
    ['a wrong one', 'a-token-of-another-kind'],
    ['an endless one', 'x'.repeat(1_000_000)],
  ])('does not let in by %s', async (_, typed) => {
    const { signIn } = await serveWithToken();
    const response = await signIn('/', typed);
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('leads nowhere else after the form', async () => {
    const { signIn } = await serveWithToken();
    for (const path of ['//evil.example', '/x//evil.example/', '/%5C%5Cevil.example']) {
      const location = (await signIn(path, token)).headers.get('location');
      expect(new URL(location ?? '', 'http://here/a/b').host, path).toBe('here');
    }
  });

  it('outlives whatever stands where an address should', async () => {
    const { port, get } = await serveWithToken();
    const lines = ['GET //', 'GET *', 'OPTIONS *', 'GET http://[', 'GET /%', 'GET ?', 'POST //'];
    for (const line of lines) {
      expect(await answerTo(port, `${line} HTTP/1.1`), line).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect((await get('/healthz')).status).toBe(200);
  });
});
