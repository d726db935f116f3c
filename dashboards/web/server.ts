import { createServer, type Server } from 'node:http';
import { HEALTH_PATH, type Gate } from '../../runtime/daemon/access.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import { createAnswer, type Answer } from './answers.ts';
import type { LiveRoom } from './feeds/live-rooms.ts';
import type { LiveDocument, LiveFeed } from './feeds/snapshot-feed.ts';
import {
  parseQuarantineFilter,
  type QuarantineFilter,
  type QuarantinePage,
} from './lists/quarantine-pages.ts';
import type { ReadListFile } from './lists/list-file.ts';
import { measureCatalogue } from './measure-catalogue.ts';
import type { PageFile, PageName } from './page-files.ts';

/** How long a document's address waits for a fresh state before it tells the last one. */
const ANSWER_WITHIN_MS = 15_000;
/** Each viewer holds one for live events; more than these would only cost the others memory. */
const MAX_CONNECTIONS = 2_000;
/** After so long a viewer who found no room asks again. */
const NO_ROOM_RETRY_MS = 10_000;

/**
 * Opens what an address asks for: `none` when its query asks for what cannot be, `full` when too
 * many different views are looked at.
 */
export type OpenRoom = (query: URLSearchParams) => LiveRoom | 'none' | 'full';

export interface PageServerParts {
  readonly pages: Readonly<Record<PageName, OpenRoom>>;
  /** @throws {PipelineError} when the warehouse does not answer. */
  readonly quarantine: (filter: QuarantineFilter) => Promise<QuarantinePage>;
  /** The lists as files, by their names. */
  readonly listFiles: Readonly<Record<'tickets' | 'entries', ReadListFile>>;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly gate: Gate;
}

type Route = (answer: Answer, query: URLSearchParams) => void;

/**
 * The pages' HTTP server: their files; `/api/NAME?…` (a page's current document) and
 * `/api/events/NAME?…` (the same, live; `/api/events` are those of the tickets); `/api/quarantine`
 * (one page of the rows set aside); `/api/tickets.csv?…` and `/api/entries.csv?…` (a list as a file);
 * `/api/measures` (how each figure is counted). GET and HEAD only.
 */
export function createPageServer(parts: PageServerParts): Server {
  const { pages, files, gate } = parts;
  const quarantineRoute: Route = (answer, query) => {
    const filter = parseQuarantineFilter(query);
    if (!filter) {
      answer.json(400, { error: 'dataset, reason or page is none' });
      return;
    }
    parts.quarantine(filter).then((page) => answer.json(200, page), unanswered(answer));
  };
  const routes = new Map<string, Route>([
    [HEALTH_PATH, (answer) => answer.json(200, { ok: true })],
    ['/api/quarantine', quarantineRoute],
    ['/api/measures', (answer) => answer.json(200, measureCatalogue)],
    ['/api/events', eventsRoute('tickets', pages.tickets)],
    ...Object.entries(parts.listFiles).map(([name, read]): [string, Route] => [
      `/api/${name}.csv`,
      fileRoute(`${name}.csv`, read),
    ]),
    ...Object.entries(pages).flatMap(([name, open]): [string, Route][] => [
      [`/api/${name}`, documentRoute(open)],
      [`/api/events/${name}`, eventsRoute(name, open)],
    ]),
  ]);

  const server = createServer((request, response) => {
    // A viewer who goes away while we write is no fault of anybody's.
    response.on('error', () => undefined);
    if (!gate(request, response)) return;
    const answer = createAnswer(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answer.json(405, { error: 'only GET and HEAD' });
      return;
    }
    const [path = '', ...rest] = (request.url ?? '').split('?');
    const query = new URLSearchParams(rest.join('?'));
    const file = files.get(path);
    const route = routes.get(path);
    if (file) {
      answer.file(file);
      if (file.page !== undefined && request.method === 'GET') readAhead(pages[file.page], query);
    } else if (route) route(answer, query);
    else answer.json(404, { error: 'no such page' });
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

const CSV = 'text/csv; charset=utf-8; header=present';

const refusals = {
  none: { status: 400, error: 'this address asks for what cannot be' },
  full: { status: 503, error: 'too many different views are looked at now' },
} as const;

function documentRoute(open: OpenRoom): Route {
  return (answer, query) => {
    const room = open(query);
    if (room === 'none' || room === 'full') {
      refuse(answer, room);
      return;
    }
    void freshDocument(room.feed).then((document) => {
      const known = document.state === 'live' || document.state === 'stale';
      answer.json(known ? 200 : 503, document);
    });
  };
}

function fileRoute(name: string, read: ReadListFile): Route {
  return (answer, query) => {
    const text = read(query);
    if (text === 'none' || text === 'full') refuse(answer, text);
    else text.then((csv) => answer.attachment(name, CSV, csv), unanswered(answer));
  };
}

function refuse(answer: Answer, reason: keyof typeof refusals): void {
  const { status, error } = refusals[reason];
  answer.json(status, { error });
}

function unanswered(answer: Answer): (error: unknown) => void {
  return (error) => {
    const code = findPipelineError(error)?.code ?? 'WH_5001';
    answer.json(503, { error: 'the warehouse does not answer', code });
  };
}

/** A refusal is told as an event: an EventSource cannot read the body of a failed request. */
function eventsRoute(name: string, open: OpenRoom): Route {
  return (answer, query) => {
    const room = open(query);
    answer.stream((response) => {
      if (room === 'none' || room === 'full') {
        const data = JSON.stringify({ reason: room });
        response.end(`retry: ${NO_ROOM_RETRY_MS}\nevent: refused\ndata: ${data}\n\n`);
      } else {
        room.events.add(response, { event: name, data: room.feed.current() });
      }
    });
  };
}

/**
 * Whoever asks for a page will look at its figures: what nobody has read so far is read while the
 * browser still loads the modules.
 */
function readAhead(open: OpenRoom, query: URLSearchParams): void {
  const room = open(query);
  if (room === 'none' || room === 'full' || room.feed.current().state !== 'loading') return;
  room.feed.refresh().catch(() => undefined);
}

/** Looks for news first, so that whoever asks once gets the truth of now; but answers in time. */
async function freshDocument(feed: LiveFeed): Promise<LiveDocument> {
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), ANSWER_WITHIN_MS);
  await Promise.race([feed.refresh().catch(() => undefined), limit.promise]);
  clearTimeout(timer);
  return feed.current();
}
