import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readSecret } from '../config/secrets.ts';
import { PipelineError } from '../pipeline-error.ts';

/** Where a server listens and what opens it. */
export interface AccessSetting {
  readonly host: string;
  readonly tokenFile?: string | undefined;
  readonly tokenSecretArn?: string | undefined;
}

/** @returns whether a request was let in; one that was not has been answered. */
export type Gate = (request: IncomingMessage, response: ServerResponse) => boolean;

const COOKIE = 'careplus_token';

/** Asked by balancers and supervisors, who know no token. */
export const HEALTH_PATH = '/healthz';

/**
 * The gate of a server by its setting. One that only this machine reaches is open; any other asks
 * for a token: as `Authorization: Bearer …`, or from a browser once as `?token=…`, which becomes a
 * cookie that scripts cannot read.
 *
 * @param name of the setting, such as `dashboard`.
 * @throws {PipelineError} CFG_9001 when a network reaches it and there is no token.
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
    if (isLoopback(host)) return () => true;
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
  return createGate(token);
}

/** Shorter ones can be tried out. */
const MIN_LENGTH = 20;

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function createGate(token: string): Gate {
  const wanted = digest(token);
  const opens = (given: string | undefined) =>
    given !== undefined && timingSafeEqual(digest(given), wanted);
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://here');
    if (url.pathname === HEALTH_PATH) return true;
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (opens(bearer) || opens(cookieOf(request))) return true;
    if (opens(url.searchParams.get('token') ?? undefined)) {
      url.searchParams.delete('token');
      const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
      response.writeHead(303, {
        // Relative, for a proxy may have taken a prefix off.
        location: `.${lastPart(url.pathname)}${url.search}`,
        'set-cookie': `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000${secure}`,
        'cache-control': 'no-store',
      });
      response.end();
      return false;
    }
    response.writeHead(401, {
      'content-type': 'text/plain; charset=utf-8',
      'www-authenticate': 'Bearer',
      'cache-control': 'no-store',
    });
    response.end('This address asks for a token: open it once with ?token=… behind it.\n');
    return false;
  };
}

const lastPart = (pathname: string) => pathname.slice(pathname.lastIndexOf('/'));

function cookieOf({ headers }: IncomingMessage): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
