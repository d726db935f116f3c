import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Gate } from './access.ts';
import type { Progress } from './progress.ts';

/** Supervisors and scrapers are few; more would only cost memory. */
const MAX_CONNECTIONS = 100;

/**
 * Serves `/healthz` (the loop moves, and what keeps a part of it from its work), `/readyz` (it does its work) and `/metrics`.
 *
 * @param staleMs age of the last beat from which the loop counts as stuck.
 */
export async function startHealthServer(options: {
  readonly host: string;
  readonly port: number;
  readonly progress: Progress;
  readonly metrics: Registry;
  readonly staleMs: number;
  readonly gate: Gate;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { progress, metrics, staleMs, gate } = options;
  const server: Server = createServer((request, response) => {
    // Somebody who goes away while we write is no fault of ours.
    response.on('error', () => undefined);
    if (!gate(request, response)) return;
    const answer = (ok: boolean, body: object) => {
      response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    switch (request.url) {
      case '/healthz':
        answer(progress.ageMs < staleMs, {
          lastProgressMs: progress.ageMs,
          troubles: Object.fromEntries(progress.troubles),
        });
        break;
      case '/readyz':
        answer(progress.ready, { ready: progress.ready });
        break;
      case '/metrics':
        metrics.metrics().then(
          (text) => {
            response.writeHead(200, { 'content-type': metrics.contentType });
            response.end(text);
          },
          () => response.writeHead(500).end(),
        );
        break;
      default:
        response.writeHead(404).end();
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
