import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  measureSql,
} from '../../schemas/measures.ts';
import type { LiveEvents } from './live-events.ts';
import type { PageFile } from './page-files.ts';
import type { TicketFeed, TicketsDocument } from './ticket-feed.ts';

/**
 * Nothing comes from elsewhere, nothing is inline, nobody may frame the page (CSP Level 3).
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

/** How long `/api/tickets` waits for a fresh state before it tells the last one. */
const ANSWER_WITHIN_MS = 15_000;

export interface PageServerParts {
  readonly feed: TicketFeed;
  readonly events: LiveEvents;
  readonly files: ReadonlyMap<string, PageFile>;
}

/**
 * The page's HTTP server: its files, `/api/tickets` (the current document), `/api/events` (the
 * same, live), `/api/measures` (how each figure is counted). GET and HEAD only.
 */
export function createPageServer(parts: PageServerParts): Server {
  const { feed, events, files } = parts;

  const routes: Readonly<Record<string, (answer: Answer) => void>> = {
    '/api/tickets': (answer) => {
      void freshDocument(feed).then((document) => {
        const known = document.state === 'live' || document.state === 'stale';
        answer.json(known ? 200 : 503, document);
      });
    },
    '/api/events': (answer) => {
      answer.stream((response) => events.add(response, { event: 'tickets', data: feed.current() }));
    },
    '/api/measures': (answer) => {
      answer.json(200, measureCatalogue);
    },
  };

  return createServer((request, response) => {
    // A viewer who goes away while we write is no fault of anybody's.
    response.on('error', () => undefined);
    const answer = createAnswer(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answer.json(405, { error: 'only GET and HEAD' });
      return;
    }
    const path = request.url?.split('?', 1)[0] ?? '';
    const file = files.get(path);
    if (file) answer.file(file);
    else if (Object.hasOwn(routes, path)) routes[path]?.(answer);
    else answer.json(404, { error: 'no such page' });
  });
}

/** Looks for news first, so that whoever asks once gets the truth of now; but answers in time. */
async function freshDocument(feed: TicketFeed): Promise<TicketsDocument> {
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), ANSWER_WITHIN_MS);
  await Promise.race([feed.refresh().catch(() => undefined), limit.promise]);
  clearTimeout(timer);
  return feed.current();
}

const measureCatalogue = {
  measures: [...ticketMeasures, ...ticketBooks].map((measure) => ({
    name: measure.name,
    title: measure.title,
    population: measure.population,
    description: measure.description,
    format: measure.format,
    dax: measure.dax,
    sql: measureSql(measure),
  })),
  breakdowns: ticketBreakdowns.map(({ name, title, measure, by }) => ({
    name,
    title,
    measure,
    by: by.column,
  })),
};

interface Answer {
  json(status: number, body: object): void;
  file(file: PageFile): void;
  stream(begin: (response: ServerResponse) => void): void;
}

function createAnswer(request: IncomingMessage, response: ServerResponse): Answer {
  const whole = (status: number, contentType: string, body: Buffer) => {
    response.writeHead(status, {
      ...securityHeaders,
      'content-type': contentType,
      'content-length': body.length,
      'cache-control': 'no-cache',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  return {
    json: (status, body) =>
      whole(status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(body))),
    file: ({ contentType, body }) => whole(200, contentType, body),
    stream: (begin) => {
      response.writeHead(200, {
        ...securityHeaders,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      if (request.method === 'HEAD') response.end();
      else begin(response);
    },
  };
}
