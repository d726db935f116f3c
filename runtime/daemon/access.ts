import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readSecret } from '../config/secrets.ts';
import { PipelineError } from '../pipeline-error.ts';
import { showSignIn, typedToken } from './sign-in.ts';

/** Where a server listens and what opens it. */
export interface AccessSetting {
  readonly host: string;
  readonly tokenFile?: string | undefined;
  readonly tokenSecretArn?: string | undefined;
}

/** @returns whether a request was let in; one that was not has been answered, or will be. */
export type Gate = (request: IncomingMessage, response: ServerResponse) => boolean;

const COOKIE = 'careplus_token';

/** Asked by balancers and supervisors, who know no token. */
export const HEALTH_PATH = '/healthz';

/**
 * The gate of a server by its setting. One that only this machine reaches is open to whoever calls
 * it by this machine's own name; any other asks for a token: as `Authorization: Bearer …`, or from a
 * browser once by a form, which becomes a cookie that scripts cannot read. A token never stands in
 * an address: balancers and proxies write those down.
 *
 * @param name of the setting, such as `dashboard`.
 * @throws {PipelineError} CFG_9001 when a network reaches it and there is no token, or the token is
 *   none that a header can carry.
 */
export async function openGate(
  name: 'dashboard' | 'health',
  setting: AccessSetting,
): Promise<Gate> {
  const { host, tokenFile, tokenSecretArn } = setting;
  const environmentVariable = `CAREPLUS_${name.toUpperCase()}_TOKEN`;
  // An empty variable is how a compose file says that there is none.
  const fromEnvironment = process.env[environmentVariable] ?? '';
  if (tokenFile === undefined && tokenSecretArn === undefined && fromEnvironment === '') {
    if (isLoopback(host)) return loopbackGate(name);
    throw new PipelineError(
      'CFG_9001',
      `${name}.host: ${host} is reached over the network: name a token in ${name}.tokenFile, ` +
        `${name}.tokenSecretArn or ${environmentVariable}, or listen on 127.0.0.1`,
    );
  }
  const token = await readSecret({
    setting: `${name}.tokenFile`,
    file: tokenFile,
    secretArn: tokenSecretArn,
    environmentVariable,
  });
  if (token.length < MIN_LENGTH) {
    throw new PipelineError('CFG_9001', `${name}: a token has at least ${MIN_LENGTH} characters`);
  }
  if (!BEARER_TOKEN.test(token)) {
    throw new PipelineError(
      'CFG_9001',
      `${name}: a token is made of letters, digits and -._~+/=, as \`openssl rand -hex 32\` makes one`,
    );
  }
  return tokenGate(token);
}

/** Shorter ones can be tried out. */
const MIN_LENGTH = 20;

/** RFC 6750, 2.1. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/;

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * A page of somebody else's may point a name of its own at the loopback address and would then read
 * what stands here: the name by which a browser came tells it.
 */
function loopbackGate(name: string): Gate {
  return (request, response) => {
    const { host } = request.headers;
    if (host === undefined || isLoopback(hostname(host))) return true;
    answer(
      response,
      421,
      `This address is open by the names 127.0.0.1 and localhost. Behind a proxy it takes a token: ${name}.tokenFile.\n`,
    );
    return false;
  };
}

/** `127.0.0.1:8080` and `[::1]:8080` without what surrounds the name. */
function hostname(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

function tokenGate(token: string): Gate {
  // What the browser keeps opens the pages, and is not the token itself.
  const ticket = createHmac('sha256', token).update(COOKIE).digest('base64url');
  const isToken = equals(token);
  const isTicket = equals(ticket);
  return (request, response) => {
    const path = pathOf(request);
    if (path === HEALTH_PATH) return true;
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (isToken(bearer) || isTicket(cookieOf(request))) return true;
    if (request.method !== 'POST') {
      refuse(request, response);
      return false;
    }
    void typedToken(request).then((typed) => {
      if (!isToken(typed)) {
        refuse(request, response);
        return;
      }
      const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
      response.writeHead(303, {
        // Relative, for a proxy may have taken a prefix off.
        location: `.${path.slice(path.lastIndexOf('/'))}${queryOf(request)}`,
        'set-cookie': `${COOKIE}=${ticket}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000${secure}`,
        'cache-control': 'no-store',
      });
      response.end();
    });
    return false;
  };
}

/** Whatever a client sends as its target: it need not be an address. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function queryOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.accept?.includes('text/html') === true) showSignIn(response);
  else answer(response, 401, 'This address asks for a token: Authorization: Bearer …\n');
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    'cache-control': 'no-store',
  });
  response.end(text);
}

function cookieOf({ headers }: IncomingMessage): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1];
}

/** Takes the same time whatever is given. */
function equals(wanted: string): (given: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(wanted);
  return (given) => given !== undefined && timingSafeEqual(digest(given), expected);
}
