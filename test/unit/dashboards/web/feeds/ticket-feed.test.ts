import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../../../../runtime/pipeline-error.ts';
import type { BatchWatch } from '../../../../../dashboards/web/feeds/batch-watch.ts';
import { createFreshness } from '../../../../../dashboards/web/feeds/freshness.ts';
import { noFilter } from '../../../../../dashboards/web/figures/filters.ts';
import { createTicketFeed } from '../../../../../dashboards/web/feeds/ticket-feed.ts';
import { fakeWarehouse, figureRows } from '../figure-rows.ts';

const log = pino({ level: 'silent' });

/** A feed over fakes, with a clock that the test moves. */
function setUp(answer = () => Promise.resolve(figureRows({ measures: { tickets_shown: [607] } }))) {
  const world = {
    nowMs: 1_000_000,
    batch: 1 as number | null,
    lakeError: undefined as Error | undefined,
    answer,
  };
  const { warehouse, asked } = fakeWarehouse(() => world.answer());
  const batches: BatchWatch = {
    async latest() {
      if (world.lakeError) throw world.lakeError;
      return world.batch === null
        ? { etag: null, batch: null }
        : { etag: `e${world.batch}`, batch: { batch_id: `b${world.batch}` } };
    },
  };
  const stop = new AbortController();
  const feed = createTicketFeed({
    warehouse,
    batches,
    freshness: createFreshness(),
    filter: noFilter,
    log,
    signal: stop.signal,
    minGapMs: 500,
    now: () => world.nowMs,
  });
  const refreshAfter = async (ms: number) => {
    world.nowMs += ms;
    await feed.refresh();
  };
  return { world, feed, asked, stop, refreshAfter };
}

const down = () => new PipelineError('WH_5003', 'host secret-host.example is down');

describe('ticket feed', () => {
  it('asks the warehouse once per batch, however often it is asked itself', async () => {
    const { world, feed, asked, refreshAfter } = setUp();
    expect(feed.current().state).toBe('loading');
    for (let look = 0; look < 20; look += 1) await refreshAfter(1_000);
    expect(asked).toHaveLength(1);
    expect(feed.current()).toMatchObject({ state: 'live', batch: { batch_id: 'b1' } });
    world.batch = 2;
    for (let look = 0; look < 20; look += 1) await refreshAfter(1_000);
    expect(asked).toHaveLength(2);
  });

  it('shares one look between all who ask at the same time', async () => {
    const answer = Promise.withResolvers<ReturnType<typeof figureRows>>();
    const { feed, asked } = setUp(() => answer.promise);
    const looks = Array.from({ length: 100 }, () => feed.refresh());
    answer.resolve(figureRows({}));
    await Promise.all(looks);
    expect(asked).toHaveLength(1);
  });

  it('reads the warehouse before the first announced batch too, but only once', async () => {
    const { world, feed, asked, refreshAfter } = setUp();
    world.batch = null;
    await refreshAfter(1_000);
    await refreshAfter(1_000);
    expect(asked).toHaveLength(1);
    expect(feed.current()).toMatchObject({ state: 'live', batch: null });
  });

  it('keeps the last truth and tells the code when the warehouse does not answer', async () => {
    const { world, feed, refreshAfter } = setUp();
    await refreshAfter(1_000);
    world.batch = 2;
    world.answer = () => Promise.reject(down());
    await refreshAfter(1_000);
    const failedAtMs = world.nowMs;
    await refreshAfter(1_000);
    const document = feed.current();
    expect(document).toMatchObject({
      state: 'stale',
      problem: { code: 'WH_5003', sinceMs: failedAtMs },
      batch: { batch_id: 'b1' },
    });
    expect(document.measures['tickets_shown']?.value).toBe(607);
    expect(JSON.stringify(document)).not.toContain('secret-host');
  });

  it('tries the same batch again later and later, a new batch at once', async () => {
    const { world, asked, feed, refreshAfter } = setUp(() => Promise.reject(down()));
    for (let second = 0; second < 40; second += 1) await refreshAfter(1_000);
    // 1 + 2 + 4 + 8 s pass between the first five attempts, 10 s before each further one.
    expect(asked).toHaveLength(7);
    expect(feed.current().state).toBe('unavailable');
    world.batch = 2;
    await refreshAfter(1_000);
    expect(asked).toHaveLength(8);
  });

  it('waits no longer because the lake was away too', async () => {
    const { world, asked, refreshAfter } = setUp(() => Promise.reject(down()));
    await refreshAfter(1_000);
    world.lakeError = new PipelineError('LAKE_4004', 'no answer');
    for (let second = 0; second < 60; second += 1) await refreshAfter(1_000);
    world.lakeError = undefined;
    await refreshAfter(1_000);
    expect(asked).toHaveLength(2);
  });

  it('is live again after the failure, and says so by its version', async () => {
    const { world, feed, refreshAfter } = setUp();
    const works = world.answer;
    world.answer = () => Promise.reject(down());
    await refreshAfter(1_000);
    const broken = feed.version;
    world.answer = works;
    await refreshAfter(2_000);
    expect(feed.current()).toMatchObject({ state: 'live', problem: null });
    expect(feed.version).toBeGreaterThan(broken);
    const settled = feed.version;
    await refreshAfter(2_000);
    expect(feed.version).toBe(settled);
  });

  it('survives a lake that does not answer, and an answer that makes no sense', async () => {
    const { world, feed, refreshAfter } = setUp();
    await refreshAfter(1_000);
    world.lakeError = new PipelineError('LAKE_4004', 'no answer');
    await refreshAfter(1_000);
    expect(feed.current()).toMatchObject({ state: 'stale', problem: { code: 'LAKE_4004' } });
    world.lakeError = undefined;
    await refreshAfter(5_000);
    expect(feed.current().state).toBe('live');
    world.batch = 2;
    world.answer = () => Promise.resolve([]);
    await refreshAfter(5_000);
    expect(feed.current()).toMatchObject({ state: 'stale', problem: { code: 'WH_5001' } });
  });

  it('takes the frontier of the snapshot as the time up to which it is complete', async () => {
    const { feed, refreshAfter } = setUp(() =>
      Promise.resolve(figureRows({ committedMs: 42_000 })),
    );
    expect(feed.current().completeUpToMs).toBeNull();
    await refreshAfter(1_000);
    expect(feed.current().completeUpToMs).toBe(42_000);
  });

  it('ends with its signal', async () => {
    const { feed, stop } = setUp(() => Promise.reject(down()));
    stop.abort();
    await expect(feed.refresh()).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});
