import { describe, expect, it } from 'vitest';
import { openLive } from './browser.ts';
import { inBothSchemes, month, violations, type PageWorld } from './page-world.ts';

const ticket = String(month.rows[0]?.ticket_id);
const pages = [
  ...['', 'logs', 'pipeline', 'tickets', 'entries', `ticket?id=${ticket}`],
  ...['?status=Open', '?agent=Unknown'],
];

/** Counts what has jumped without anybody's doing (web.dev: a good page stays within 0.1). */
const countShifts = `{
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) {
      if (!hadRecentInput) globalThis.shifted += value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
}`;
const nextFrame = 'new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))';

/** By eye in both schemes, by keyboard, by ear, on a phone and on paper. */
export function describeAccess(world: () => PageWorld): void {
  describe('access', () => {
    it.each(pages)('/%s is accessible in both schemes and fits a phone', async (name) => {
      const { context, address } = world();
      const phone = await context.newPage();
      try {
        await phone.setViewportSize({ width: 320, height: 640 });
        await phone.addInitScript(countShifts);
        await openLive(phone, address + name);
        await phone.evaluate(nextFrame);
        // Where there is nothing, a notice comes between.
        const jumps = name === '?agent=Unknown' ? 1 : 0.1;
        expect(await phone.evaluate('globalThis.shifted')).toBeLessThanOrEqual(jumps);
        if (name === 'pipeline') await phone.locator('#browser-rows summary').first().click();
        const table = phone.locator('.as-table summary').first();
        if (await table.isVisible()) await table.click();
        const menu = phone.locator('[data-filter] summary').first();
        if (await menu.isVisible()) await menu.click();
        const tooWide = 'document.documentElement.scrollWidth - window.innerWidth';
        expect(await phone.evaluate(tooWide)).toBeLessThanOrEqual(0);
        await inBothSchemes(phone, async () => expect(await violations(phone)).toEqual([]));
      } finally {
        await phone.close();
      }
    });

    it('follows the system’s colours until the viewer chooses, and keeps the choice', async () => {
      const { page, open } = world();
      const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      await page.emulateMedia({ colorScheme: 'dark' });
      await open();
      const dark = await ground();
      const button = page.locator('#scheme');
      expect(await button.getAttribute('aria-label')).toBe('Colours: as the system');
      await button.click();
      expect(await button.getAttribute('aria-label')).toBe('Colours: light');
      const light = await ground();
      expect(light).not.toBe(dark);
      // Where the system forces its own colours, a heat map has shades nevertheless.
      await page.emulateMedia({ forcedColors: 'active' });
      await page.reload();
      await page.locator('#heat-panel .chart[data-drawn="true"]').waitFor();
      const shades = `[...document.querySelectorAll('#heat-panel .chart path')]
        .map((cell) => cell.getAttribute('fill'))`;
      expect(new Set(await page.evaluate<string[]>(shades)).size).toBeGreaterThan(3);
      await page.emulateMedia({ forcedColors: null });
      await page.reload();
      expect(await ground()).toBe(light);
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('#filters .choices').isVisible()).toBe(false);
      await page.emulateMedia({ media: null, colorScheme: null });
      await button.click();
      await button.click();
      expect(await button.getAttribute('aria-label')).toBe('Colours: as the system');
    });

    it('is walked through by keyboard alone', async () => {
      const { page, open } = world();
      const focused = () => page.evaluate('document.activeElement.textContent.trim()');
      const tabTo = async (text: string): Promise<void> => {
        for (let presses = 0; presses < 10; presses += 1) {
          await page.keyboard.press('Tab');
          if ((await focused()) === text) return;
        }
        throw new Error(`no way to ${text} by Tab`);
      };
      await open();
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('Skip to the figures');
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
      await open();
      for (const [link, heading] of [
        ['System logs', 'CarePlus System logs'],
        ['Pipeline', 'CarePlus Pipeline'],
        ['Support tickets', 'CarePlus Support tickets'],
      ] as const) {
        await tabTo(link);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        await page.locator('body[data-state="live"]').waitFor();
        expect(await page.locator('nav a[aria-current="page"]').textContent()).toBe(link);
      }
    });
  });
}
