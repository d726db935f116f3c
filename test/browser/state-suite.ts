import { afterEach, describe, expect, it } from 'vitest';
import { openLive } from './browser.ts';
import { inBothSchemes, violations, type PageWorld } from './page-world.ts';

const broken = {
  op: 'BatchExecuteStatement',
  action: 'failed-statement',
  match: 'tickets_by_agent',
  times: 10_000,
} as const;

/** Whatever goes wrong, the page says so, keeps the last truth, and comes back by itself. */
export function describeStates(world: () => PageWorld): void {
  describe('states', () => {
    afterEach(() => world().faults.clear());

    it('stale and without figures, while the warehouse fails', async () => {
      const { page, context, open, faults, mysql, address, shown } = world();
      await open();
      const before = await shown('tickets_shown');
      const state = page.locator('#state');
      await faults.add(broken);
      await mysql.query(
        'UPDATE support_tickets SET num_interactions = num_interactions + 1 LIMIT 1',
      );
      await expect.poll(() => state.textContent(), { timeout: 10_000 }).toBe('Stale');
      expect(await page.locator('#problem').textContent()).toMatch(/WH_5001.*complete up to/s);
      expect(await shown('tickets_shown')).toBe(before);
      await inBothSchemes(page, async () => expect(await violations(page)).toEqual([]));

      const other = await context.newPage();
      await other.goto(`${address}?agent=Nobody`);
      await other.locator('body[data-state="unavailable"]').waitFor();
      expect(await other.locator('#state').textContent()).toBe('No figures');
      await inBothSchemes(other, async () => expect(await violations(other)).toEqual([]));
      await other.close();

      await faults.clear();
      await expect.poll(() => state.textContent(), { timeout: 15_000 }).toBe('Live');
      expect(await page.locator('#problem').isVisible()).toBe(false);
    });

    it('loading, while the first answer is awaited', async () => {
      const { page, faults, address } = world();
      const slow = { op: 'BatchExecuteStatement', action: 'slow-statement', ms: 1_500 } as const;
      await faults.add({ ...slow, match: 'tickets_by_agent', times: 1 });
      await page.goto(`${address}?priority=High&channel=Chat`);
      await expect.poll(() => page.locator('#state').textContent()).toBe('Reading');
      expect(await page.locator('#content').getAttribute('aria-busy')).toBe('true');
      await inBothSchemes(page, async () => expect(await violations(page)).toEqual([]));
      await page.locator('body[data-state="live"]').waitFor();
      expect(await page.locator('#content').getAttribute('aria-busy')).toBe('false');
      await faults.clear();
    });

    it('an address that asks for what cannot be', async () => {
      const { page, address } = world();
      await page.goto(`${address}?from=2025-02-30`);
      await page.getByText('This address asks for what cannot be').waitFor();
      await inBothSchemes(page, async () => expect(await violations(page)).toEqual([]));
      await page.goto(`${address}ticket?id=NONE`);
      await page.getByText('Nothing is known of NONE').waitFor();
    });

    it('too many different filters at a time', async () => {
      const { page, address } = world();
      const stop = new AbortController();
      const views = Array.from({ length: 24 }, (_each, index) =>
        fetch(`${address}api/events/tickets?agent=Nobody-${index}`, { signal: stop.signal }),
      );
      const answers = await Promise.all(views);
      await page.goto(`${address}?agent=One-more`);
      await page.getByText('Too many different filters').waitFor();
      await inBothSchemes(page, async () => expect(await violations(page)).toEqual([]));
      await openLive(page, address);
      stop.abort();
      expect(answers.every(({ ok }) => ok)).toBe(true);
    });

    it('says that it reconnects while its server is away, and comes back by itself', async () => {
      const { browser, stack, address, page } = world();
      // A page of its own looks: a refused connection is an error in the console.
      await page.goto('about:blank');
      const other = await browser.newPage();
      try {
        await openLive(other, address);
        const state = other.locator('#state');
        const events = '**/api/events/**';
        await other.route(events, (route) => route.abort());
        process.kill(stack.pid('dashboard'), 'SIGKILL');
        await expect.poll(() => state.textContent(), { timeout: 5_000 }).toBe('Reconnecting');
        // What was shown stays.
        expect(await other.locator('[data-measure="tickets_shown"]').textContent()).not.toBe('–');
        await inBothSchemes(other, async () => expect(await violations(other)).toEqual([]));
        await other.unroute(events);
        await expect.poll(() => state.textContent(), { timeout: 15_000 }).toBe('Live');
      } finally {
        await other.close();
      }
    });

    it('asks anew when it wakes after hours, for a cut connection says nothing', async () => {
      const { context, address } = world();
      const sleeper = await context.newPage();
      try {
        await sleeper.clock.install();
        await openLive(sleeper, address);
        const asked = sleeper.waitForRequest('**/api/events/tickets');
        await sleeper.clock.fastForward('03:00:00');
        await asked;
        await expect.poll(() => sleeper.locator('#state').textContent()).toBe('Live');
        expect(await sleeper.locator('#age').textContent()).toMatch(/^just now$| s ago$/);
      } finally {
        await sleeper.close();
      }
    });

    it('empty, when the source is', async () => {
      const { page, open, mysql, shown } = world();
      await open();
      await mysql.query('TRUNCATE TABLE support_tickets');
      await page.getByText('The source table holds no rows.').waitFor({ timeout: 10_000 });
      expect(await shown('tickets_shown')).toBe('0');
      expect(await page.locator('#books .hint').textContent()).toMatch(/^The books close/);
      await inBothSchemes(page, async () => expect(await violations(page)).toEqual([]));
    });
  });
}
