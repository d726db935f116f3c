import { once } from 'node:events';
import { get, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { LiveRoom } from '../../../../dashboards/web/feeds/live-rooms.ts';
import type { PageServerParts } from '../../../../dashboards/web/server.ts';

/** An event as an EventSource would give it. */
export interface ReceivedEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Listens on a free port of the loopback interface. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One request with exactly this path: clients that tidy paths up would hide what is tested. */
export async function send(
  port: number,
  path: string,
  method = 'GET',
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  const sent = request({ port, host: '127.0.0.1', path, method, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** A viewer: collects events until it leaves. */
export async function view(
  port: number,
  path = '/api/events',
): Promise<{
  readonly events: ReceivedEvent[];
  readonly headers: IncomingMessage['headers'];
  leave(): void;
}> {
  const sent = get({ port, host: '127.0.0.1', path, agent: false });
  sent.on('error', () => undefined);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  const events: ReceivedEvent[] = [];
  let event = '';
  const lines = createInterface(response);
  // Leaving cuts the connection, which is an error to whoever still reads.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    if (line.startsWith('event: ')) event = line.slice(7);
    if (!line.startsWith('data: ')) return;
    events.push({ event, data: JSON.parse(line.slice(6)) as ReceivedEvent['data'] });
  });
  return { events, headers: response.headers, leave: () => sent.destroy() };
}

/** A server's pages: all of them are this one, and nothing is set aside. */
export function testPages(room: LiveRoom): Omit<PageServerParts, 'files'> {
  const open = () => room;
  return {
    gate: () => true,
    pages: {
      ...{ tickets: open, logs: open, pipeline: open },
      ...{ 'ticket-list': open, 'entry-list': open, ticket: open },
    },
    listFiles: { tickets: () => 'none', entries: () => 'none' },
    quarantine: ({ page: number }) =>
      Promise.resolve({ page: number, page_size: 10, total: 0, rows: [] }),
  };
}
