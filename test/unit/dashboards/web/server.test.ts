import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  historyMeasures,
  logBooks,
  logMeasures,
  ticketBooks,
  ticketMeasures,
} from '../../../../schemas/measures.ts';
import { logPercentiles, ticketPercentiles } from '../../../../schemas/percentiles.ts';
import { PipelineError } from '../../../../runtime/pipeline-error.ts';
import { createLiveEvents } from '../../../../dashboards/web/feeds/live-events.ts';
import { loadPageFiles } from '../../../../dashboards/web/page-files.ts';
import { createPageServer } from '../../../../dashboards/web/server.ts';
import { logFigureSet } from '../../../../dashboards/web/figures/log-figures.ts';
import { ticketFigureSet } from '../../../../dashboards/web/figures/ticket-figures.ts';
import { noFilter } from '../../../../dashboards/web/figures/filters.ts';
import type { QuarantineFilter } from '../../../../dashboards/web/lists/quarantine-pages.ts';
import type { LiveFeed } from '../../../../dashboards/web/feeds/snapshot-feed.ts';
import type { TicketsDocument } from '../../../../dashboards/web/feeds/ticket-feed.ts';
import { listen, send, testPages, view } from './page-address.ts';

const pageFolder = fileURLToPath(new URL('../../../../dashboards/web/page/', import.meta.url));

const document: TicketsDocument = {
  dataset: 'tickets',
  filter: noFilter,
  state: 'live',
  problem: null,
  nowMs: 2_000,
  completeUpToMs: 1_000,
  queriedAtMs: 1_500,
  batch: { batch_id: 'b1' },
  measures: {},
  before: null,
  breakdowns: {},
  matrices: {},
  whole: [],
  quarantine: [],
  books: null,
  recent: [],
  frontiers: [],
  choices: null,
};

describe('page server', () => {
  let server: Server;
  let port: number;
  let state: TicketsDocument['state'] = 'live';
  const events = createLiveEvents();
  const asked: QuarantineFilter[] = [];
  const feed: LiveFeed = {
    current: () => ({ ...document, state }),
    refresh: () => Promise.resolve(),
    version: 1,
    pulse: () => ({ completeUpToMs: document.completeUpToMs }),
  };

  beforeAll(async () => {
    server = createPageServer({
      ...testPages({ feed, events }),
      async quarantine(filter) {
        asked.push(filter);
        if (filter.page === 9) throw new PipelineError('WH_5003', 'secret-host is down');
        return { page: filter.page, page_size: 10, total: 0, rows: [] };
      },
      listFiles: {
        tickets: (query) =>
          query.has('status') ? Promise.resolve('\uFEFFticket_id\r\nשרה\r\n') : 'full',
        entries: (query) =>
          query.has('from') ? 'none' : Promise.reject(new PipelineError('WH_5003', 'secret-host')),
      },
      files: await loadPageFiles(pageFolder),
    });
    port = await listen(server);
  });

  afterAll(() => {
    events.close();
    server.close();
    server.closeAllConnections();
  });

  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/?from=mail', 'text/html; charset=utf-8'],
    ['/logs', 'text/html; charset=utf-8'],
    ['/pipeline', 'text/html; charset=utf-8'],
    ['/tickets', 'text/html; charset=utf-8'],
    ['/ticket?id=T1', 'text/html; charset=utf-8'],
    ['/entries', 'text/html; charset=utf-8'],
    ['/tickets.js', 'text/javascript; charset=utf-8'],
    ['/charts/bars.js', 'text/javascript; charset=utf-8'],
    ['/echarts.js', 'text/javascript; charset=utf-8'],
    ['/styles/base.css', 'text/css; charset=utf-8'],
    ['/theme.css', 'text/css; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml'],
    ['/api/tickets', 'application/json; charset=utf-8'],
    ['/api/logs', 'application/json; charset=utf-8'],
    ['/api/pipeline', 'application/json; charset=utf-8'],
    ['/api/quarantine', 'application/json; charset=utf-8'],
    ['/api/measures', 'application/json; charset=utf-8'],
    ['/nowhere', 'application/json; charset=utf-8'],
  ])(
    '%s comes with its type, and nothing from elsewhere may run or frame it',
    async (path, type) => {
      const { headers } = await send(port, path);
      expect(headers['content-type']).toBe(type);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy.join()).not.toMatch(/unsafe|http|\*|data:/);
    },
  );

  it.each([
    '/../server.ts',
    '/page/../../../package.json',
    '/%2e%2e/server.ts',
    '/..%2fserver.ts',
    '//etc/passwd',
    '/tickets.js/',
    '/tickets.js%00.html',
    '/toString',
    '/__proto__',
    '/api',
    '/api/tickets/1',
    '/api/events/nowhere',
    '/frame.html',
    '/logs.html',
    '*',
  ])('knows no page %s', async (path) => {
    const { status, body } = await send(port, path);
    expect(status).toBe(404);
    expect(body).toBe('{"error":"no such page"}');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('refuses %s', async (method) => {
    const { status, headers } = await send(port, '/api/tickets', method);
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
  });

  it('answers HEAD as GET, without a body', async () => {
    for (const path of ['/', '/api/tickets', '/api/events', '/nowhere']) {
      const { status, headers, body } = await send(port, path, 'HEAD');
      expect(status).toBe(path === '/nowhere' ? 404 : 200);
      expect(headers['content-type']).toBeDefined();
      expect(body).toBe('');
    }
    expect(events.viewers).toBe(0);
  });

  it('gives the document, and 503 with it while there is no truth to give', async () => {
    const live = await send(port, '/api/tickets');
    expect(live.status).toBe(200);
    expect(JSON.parse(live.body)).toEqual(document);
    state = 'unavailable';
    const none = await send(port, '/api/tickets');
    expect(none.status).toBe(503);
    expect(JSON.parse(none.body)).toMatchObject({ state: 'unavailable', dataset: 'tickets' });
    state = 'live';
  });

  it('gives one page of what is set aside, and nothing to a filter that is none', async () => {
    const found = await send(port, '/api/quarantine?dataset=logs&reason=agent:missing&page=2');
    expect([found.status, JSON.parse(found.body)]).toEqual([
      200,
      { page: 2, page_size: 10, total: 0, rows: [] },
    ]);
    expect(asked.at(-1)).toEqual({ dataset: 'logs', reason: 'agent:missing', page: 2 });
    const before = asked.length;
    const refused = await send(port, "/api/quarantine?reason=a'%20OR%20'1'='1");
    expect([refused.status, asked.length]).toEqual([400, before]);
    const down = await send(port, '/api/quarantine?page=9');
    expect([down.status, JSON.parse(down.body)]).toEqual([
      503,
      { error: 'the warehouse does not answer', code: 'WH_5003' },
    ]);
  });

  it('gives a list as a file, and says why not', async () => {
    const found = await send(port, '/api/tickets.csv?status=Open');
    expect([found.status, found.body]).toEqual([200, '\uFEFFticket_id\r\nשרה\r\n']);
    expect(found.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/csv; charset=utf-8/) as unknown,
      'content-disposition': 'attachment; filename="tickets.csv"',
      'x-content-type-options': 'nosniff',
    });
    expect((await send(port, '/api/tickets.csv')).status).toBe(503);
    expect((await send(port, '/api/entries.csv?from=x')).status).toBe(400);
    const down = await send(port, '/api/entries.csv');
    expect([down.status, down.body.includes('secret-host')]).toEqual([503, false]);
  });

  it('streams each page under its own name', async () => {
    for (const [path, event] of [
      ['/api/events/logs', 'logs'],
      ['/api/events/pipeline', 'pipeline'],
    ] as const) {
      const viewer = await view(port, path);
      await expect.poll(() => viewer.events[0]?.event).toBe(event);
      viewer.leave();
    }
    await expect.poll(() => events.viewers).toBe(0);
  });

  it('streams the document to a viewer at once', async () => {
    const viewer = await view(port);
    expect(viewer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(viewer.headers['cache-control']).toBe('no-cache, no-transform');
    expect(viewer.headers['content-security-policy']).toBeDefined();
    await expect.poll(() => viewer.events).toEqual([{ event: 'tickets', data: document }]);
    viewer.leave();
    await expect.poll(() => events.viewers).toBe(0);
  });

  it('says how every figure is counted', async () => {
    const { body } = await send(port, '/api/measures');
    const catalogue = JSON.parse(body) as { measures: { name: string; sql: string }[] };
    expect(catalogue.measures.map(({ name }) => name)).toEqual(
      [
        ...[...ticketMeasures, ...historyMeasures, ...ticketBooks, ...ticketPercentiles],
        ...[...logMeasures, ...logBooks, ...logPercentiles],
      ].map(({ name }) => name),
    );
    for (const { sql } of catalogue.measures) expect(sql).toMatch(/^SELECT .+ FROM reporting\./);
  });
});

describe.each(['/', '/logs', '/pipeline', '/tickets', '/entries', '/ticket'])('page %s', (path) => {
  const read = async () => (await loadPageFiles(pageFolder)).get(path)?.body.toString('utf8') ?? '';

  it('holds no inline script or style, no address elsewhere, and only figures that exist', async () => {
    const html = await read();
    expect(html).toContain('</html>');
    expect(html).not.toContain('{{');
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
    const names = new Set(
      [ticketFigureSet, logFigureSet]
        .flatMap(({ measures, breakdowns, matrices }) => [...measures, ...breakdowns, ...matrices])
        .map(({ name }) => name),
    );
    for (const { name } of [...ticketPercentiles, ...logPercentiles]) names.add(name);
    const used = [
      ...html.matchAll(
        /data-(?:measure|breakdown|matrix|beside|total|parts-of|count-of|rate-of|percentiles)="([^"]+)"/g,
      ),
    ].flatMap(([, value = '']) => value.split(' '));
    expect(used.length).toBeGreaterThan(path === '/' || path === '/logs' ? 10 : -1);
    for (const name of used) expect(names).toContain(name);
  });

  it('links all pages and says which one it is', async () => {
    const html = await read();
    const navigation = /<nav aria-label="Pages">.*?<\/nav>/s.exec(html)?.[0] ?? '';
    const links = [...navigation.matchAll(/<a href="([^"]*)"( aria-current="(?:page|true)")?>/g)];
    expect(links.map(([, address]) => address)).toEqual(['./', 'logs', 'pipeline']);
    expect(links.filter(([, , current]) => current !== undefined)).toHaveLength(1);
  });

  it('writes each measure in the catalogue’s format', async () => {
    const html = await read();
    const formats = { '#,0': 'count', '#,0.00': 'mean', '0.0 %': 'share' } as const;
    const catalogue = { '/': ticketMeasures, '/logs': logMeasures }[path] ?? [];
    for (const { name, format } of catalogue) {
      const tag = new RegExp(`<[^>]*data-measure="${name}"[^>]*>`).exec(html)?.[0];
      expect(tag).toContain(`data-format="${formats[format]}"`);
    }
  });
});

describe('files of the pages', () => {
  it('are asked for at once: a page names every module that it needs', async () => {
    const files = await loadPageFiles(pageFolder);
    const html = files.get('/')?.body.toString('utf8') ?? '';
    const named = [...html.matchAll(/<link rel="modulepreload" href="([^"]+)"/g)].map(
      ([, path]) => `/${path ?? ''}`,
    );
    expect(named).toEqual(
      expect.arrayContaining([
        '/tickets.js',
        '/charts/bars.js',
        '/charts/palette.js',
        '/element.js',
      ]),
    );
    for (const path of named) expect(files.has(path), path).toBe(true);
  });

  it('know no address elsewhere', async () => {
    const files = await loadPageFiles(pageFolder);
    const elsewhere = [...files].filter(([path, { body, contentType }]) => {
      // The library names its licence; that it asks nobody is seen in the browser.
      if (contentType.startsWith('image/') || path === '/echarts.js') return false;
      return /https?:\/\/|@import|url\(/.test(body.toString('utf8'));
    });
    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });
});
