import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { EndpointStats } from './endpoint-stats.ts';
import { type Faults, faultRuleSchema } from './faults.ts';
import { readBody } from './request-body.ts';

const MAX_RULES_BYTES = 1024 * 1024;

const oneOrMoreRules = z.union([
  z.array(faultRuleSchema),
  faultRuleSchema.transform((rule) => [rule]),
]);

export interface AdminOptions {
  /** Names of the services that this process runs. */
  readonly services: readonly string[];
  readonly faults: Faults;
  readonly stats: EndpointStats;
}

/**
 * The endpoint's own paths, which no bucket can have as its name:
 * `GET /__health`, `GET /__stats`, and `POST`, `GET`, `DELETE /__faults`.
 */
export async function handleAdmin(
  { services, faults, stats }: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  switch (`${request.method ?? ''} ${path}`) {
    case 'GET /__health':
      send(response, 200, { status: 'ready', services });
      return;
    case 'GET /__stats':
      send(response, 200, { ...stats.snapshot(), faults: faults.fired() });
      return;
    case 'GET /__faults':
      send(response, 200, faults.list());
      return;
    case 'DELETE /__faults':
      faults.clear();
      send(response, 200, faults.list());
      return;
    case 'POST /__faults': {
      const parsed = oneOrMoreRules.safeParse(await readJson(request));
      if (!parsed.success) {
        send(response, 400, { message: z.prettifyError(parsed.error) });
        return;
      }
      for (const rule of parsed.data) faults.add(rule);
      send(response, 200, faults.list());
      return;
    }
    default:
      send(response, 404, { message: `no such path: ${request.method ?? ''} ${path}` });
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await readBody(request, MAX_RULES_BYTES)).toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
  });
  response.end(bytes);
}
