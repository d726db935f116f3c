import type { Server } from 'node:http';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFreshness } from '../../../../../dashboards/web/feeds/freshness.ts';
import {
  createLiveEvents,
  type LiveEvents,
} from '../../../../../dashboards/web/feeds/live-events.ts';
import { runLiveUpdates } from '../../../../../dashboards/web/feeds/live-updates.ts';
import type { PageFile } from '../../../../../dashboards/web/page-files.ts';
import { createPageServer } from '../../../../../dashboards/web/server.ts';
import { noFilter } from '../../../../../dashboards/web/figures/filters.ts';
import { createTicketFeed } from '../../../../../dashboards/web/feeds/ticket-feed.ts';
import { fakeWarehouse, figureRows } from '../figure-rows.ts';
import { listen, send, testPages, view } from '../page-address.ts';

const POLL_MS = 10;
const log = pino({ level: 'silent' });
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const html: PageFile = {
  ...{ contentType: 'text/html', body: Buffer.from('<p>'), packed: null, etag: '"1"' },
  page: 'tickets',
};

/** The whole page over a fake warehouse and lake. */
async function startPage() {
  const world = { batch: 1 };
  const { warehouse, asked } = fakeWarehouse(() =>
    figureRows({ measures: { tickets_shown: [600 + world.batch] }, seq: world.batch }),
  );
  const stop = new AbortController();
  const freshness = createFreshness();
  const events = createLiveEvents();
  const feed = createTicketFeed({
    warehouse,
    batches: {
      async latest() {
        return { etag: `e${world.batch}`, batch: { batch_id: `b${world.batch}` } };
      },
    },
    freshness,
    filter: noFilter,
    log,
    signal: stop.signal,
    minGapMs: POLL_MS / 2,
  });
  const server: Server = createPageServer({
    ...testPages({ feed, events }),
    files: new Map([['/', html]]),
  });
  const port = await listen(server);
  const running = runLiveUpdates({
    name: 'tickets',
    feed,
    events,
    pollMs: POLL_MS,
    signal: stop.signal,
    onTurn: () => undefined,
  }).catch((error: unknown) => error);
  cleanUps.push(async () => {
    stop.abort();
    await running;
    events.close();
    server.close();
    server.closeAllConnections();
  });
  return { world, asked, port, events, freshness, stop, running };
}

const shown = (data: unknown) =>
  (data as { measures: { tickets_shown?: { value: number } } }).measures.tickets_shown?.value;

describe('live updates', () => {
  it('reads what nobody has read yet while the browser loads the page, and no more than that', async () => {
    const page = await startPage();
    await send(page.port, '/', 'HEAD');
    expect(page.asked).toHaveLength(0);
    await send(page.port, '/');
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    const viewer = await view(page.port);
    await vi.waitFor(() => expect(shown(viewer.events.at(-1)?.data)).toBe(601));
    // Another batch is asked for by those who look, not by whoever loads the page once more.
    viewer.leave();
    await vi.waitFor(() => expect(page.events.viewers).toBe(0));
    page.world.batch = 2;
    await send(page.port, '/');
    await send(page.port, '/');
    expect(page.asked).toHaveLength(1);
  });

  it('asks nobody anything while nobody looks, but beats', async () => {
    const stop = new AbortController();
    let waits = 0;
    let turns = 0;
    const events: LiveEvents = {
      ...createLiveEvents(),
      viewers: 0,
      async nextViewer() {
        waits += 1;
        if (waits === 50) stop.abort();
      },
    };
    const { warehouse, asked } = fakeWarehouse(() => figureRows({}));
    let looks = 0;
    const feed = createTicketFeed({
      warehouse,
      batches: {
        async latest() {
          looks += 1;
          return { etag: 'e', batch: null };
        },
      },
      freshness: createFreshness(),
      filter: noFilter,
      log,
      signal: stop.signal,
      minGapMs: 0,
    });
    const { signal } = stop;
    const running = runLiveUpdates({
      name: 'tickets',
      ...{ feed, events, signal },
      pollMs: 0,
      onTurn: () => (turns += 1),
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect({ turns, looks, asked }).toEqual({ turns: 50, looks: 0, asked: [] });
  });

  it('gives 100 viewers every batch with one query set for each', async () => {
    const { world, asked, port, events } = await startPage();
    const viewers = await Promise.all(Array.from({ length: 100 }, () => view(port)));
    const all = (wanted: number) =>
      vi.waitFor(
        () => {
          for (const { events: seen } of viewers) expect(shown(seen.at(-1)?.data)).toBe(wanted);
        },
        { timeout: 10_000 },
      );
    await all(601);
    expect(events.viewers).toBe(100);
    expect(asked).toHaveLength(1);
    for (const batch of [2, 3]) {
      world.batch = batch;
      await all(600 + batch);
      expect(asked).toHaveLength(batch);
    }
    for (const viewer of viewers) viewer.leave();
    await vi.waitFor(() => expect(events.viewers).toBe(0));
  });

  it('queries once for a viewer who comes after the state has gone stale', async () => {
    const { world, asked, port, events } = await startPage();
    const first = await view(port);
    await vi.waitFor(() => expect(shown(first.events.at(-1)?.data)).toBe(601));
    first.leave();
    await vi.waitFor(() => expect(events.viewers).toBe(0));
    world.batch = 7;
    const second = await view(port);
    await vi.waitFor(() => expect(shown(second.events.at(-1)?.data)).toBe(607));
    expect(asked).toHaveLength(2);
    // What it saw first was the last truth, at once.
    expect(shown(second.events[0]?.data)).toBe(601);
  });

  it('sends the time alone when nothing else has moved', async () => {
    const { port, freshness, asked } = await startPage();
    const viewer = await view(port);
    await vi.waitFor(() => expect(shown(viewer.events.at(-1)?.data)).toBe(601));
    freshness.onCheckpoint({
      version: 1,
      source: 'shop.care.tickets',
      phase: 'streaming',
      gtidSet: '',
      open: null,
      epoch: 1_700_000_000,
      nextSeq: 2,
      configHash: '',
      shapeHash: null,
      sourceTimeMs: 0,
      writtenAtMs: 1_760_000_123_000,
    });
    await vi.waitFor(() => expect(viewer.events.at(-1)?.event).toBe('freshness'));
    expect(viewer.events.at(-1)?.data).toMatchObject({ completeUpToMs: 1_760_000_123_000 });
    expect(asked).toHaveLength(1);
  });

  it('ends with its signal', async () => {
    const { stop, running } = await startPage();
    stop.abort();
    expect(await running).toMatchObject({ name: 'AbortError' });
  });
});
