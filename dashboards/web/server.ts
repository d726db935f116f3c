import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  logBooks,
  logBreakdowns,
  logMeasures,
  measureSql,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
} from '../../schemas/measures.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import type { LiveEvents } from './feeds/live-events.ts';
import type { PageFile } from './page-files.ts';
import {
  parseQuarantineFilter,
  type QuarantineFilter,
  type QuarantinePage,
} from './lists/quarantine-pages.ts';
import type { LiveDocument, LiveFeed } from './feeds/snapshot-feed.ts';

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

/** How long a document's address waits for a fresh state before it tells the last one. */
const ANSWER_WITHIN_MS = 15_000;

/** A page's documents and those who look at it. */
export interface LivePage {
  readonly feed: LiveFeed;
  readonly events: LiveEvents;
}

export type PageName = 'tickets' | 'logs' | 'pipeline';

export interface PageServerParts {
  readonly pages: Readonly<Record<PageName, LivePage>>;
  /** @throws {PipelineError} when the warehouse does not answer. */
  readonly quarantine: (filter: QuarantineFilter) => Promise<QuarantinePage>;
  readonly files: ReadonlyMap<string, PageFile>;
}

/**
 * The pages' HTTP server: their files; `/api/NAME` (a page's current document) and
 * `/api/events/NAME` (the same, live; `/api/events` are those of the tickets); `/api/quarantine`
 * (one page of the rows set aside); `/api/measures` (how each figure is counted). GET and HEAD only.
 */
export function createPageServer(parts: PageServerParts): Server {
  const { pages, files } = parts;

  const documentRoute =
    ({ feed }: LivePage): Route =>
    (answer) => {
      void freshDocument(feed).then((document) => {
        const known = document.state === 'live' || document.state === 'stale';
        answer.json(known ? 200 : 503, document);
      });
    };
  const eventsRoute =
    (name: PageName): Route =>
    (answer) => {
      const { feed, events } = pages[name];
      answer.stream((response) => events.add(response, { event: name, data: feed.current() }));
    };
  const quarantineRoute: Route = (answer, query) => {
    const filter = parseQuarantineFilter(query);
    if (!filter) {
      answer.json(400, { error: 'dataset, reason or page is none' });
      return;
    }
    parts.quarantine(filter).then(
      (page) => answer.json(200, page),
      (error: unknown) => {
        const code = findPipelineError(error)?.code ?? 'WH_5001';
        answer.json(503, { error: 'the warehouse does not answer', code });
      },
    );
  };
  const routes: Readonly<Record<string, Route>> = {
    '/api/tickets': documentRoute(pages.tickets),
    '/api/logs': documentRoute(pages.logs),
    '/api/pipeline': documentRoute(pages.pipeline),
    '/api/events': eventsRoute('tickets'),
    '/api/events/tickets': eventsRoute('tickets'),
    '/api/events/logs': eventsRoute('logs'),
    '/api/events/pipeline': eventsRoute('pipeline'),
    '/api/quarantine': quarantineRoute,
    '/api/measures': (answer) => answer.json(200, measureCatalogue),
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
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const file = files.get(path);
    if (file) answer.file(file);
    else if (Object.hasOwn(routes, path)) routes[path]?.(answer, new URLSearchParams(query));
    else answer.json(404, { error: 'no such page' });
  });
}

type Route = (answer: Answer, query: URLSearchParams) => void;

/** Looks for news first, so that whoever asks once gets the truth of now; but answers in time. */
async function freshDocument(feed: LiveFeed): Promise<LiveDocument> {
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), ANSWER_WITHIN_MS);
  await Promise.race([feed.refresh().catch(() => undefined), limit.promise]);
  clearTimeout(timer);
  return feed.current();
}

const measureCatalogue = {
  measures: [
    ...[...ticketMeasures, ...ticketBooks].map((measure) => ({ dataset: 'tickets', measure })),
    ...[...logMeasures, ...logBooks].map((measure) => ({ dataset: 'logs', measure })),
  ].map(({ dataset, measure }) => ({
    name: measure.name,
    dataset,
    title: measure.title,
    population: measure.population,
    description: measure.description,
    format: measure.format,
    dax: measure.dax,
    sql: measureSql(measure),
  })),
  breakdowns: [...ticketBreakdowns, ...logBreakdowns].map(({ name, title, measure, by }) => ({
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
