import { describe, expect, it } from 'vitest';
import { logs, month, type PageWorld } from './page-world.ts';

/** The way of the data, and what is set aside on it. */
export function describePipeline(world: () => PageWorld): void {
  describe('pipeline', () => {
    it('shows what is set aside as it stood at the source, as text', async () => {
      const { page, open, mysql } = world();
      const text = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
      await mysql.execute(
        `INSERT INTO support_tickets VALUES ('EVIL', '2025-03-31 23:00', NULL, ?, 'High', '-3', ?, 'Chat', 'Open', '')`,
        [text, 'Bug Report'],
      );
      await open('pipeline');
      const evil = page.locator('#browser-rows details', { hasText: 'EVIL' });
      await evil.waitFor({ timeout: 10_000 });
      await evil.locator('summary').click();
      expect(await evil.locator('pre').textContent()).toContain(JSON.stringify(text).slice(1, -1));
      expect(await page.locator('#browser-rows img, #browser-rows script').count()).toBe(0);
      expect(await page.title()).toBe('Pipeline · CarePlus');
      await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'EVIL'`);
      await expect.poll(() => evil.count(), { timeout: 10_000 }).toBe(0);
    });

    it('turns the pages of what is set aside, and filters them, in its address', async () => {
      const { page, open } = world();
      await open('pipeline');
      const status = page.locator('#browser-count');
      const total = String(month.books.quarantined + logs.books.quarantined);
      await expect.poll(() => status.textContent()).toContain(`1 to 10 of ${total}`);
      await page.getByRole('button', { name: 'Older' }).click();
      await expect.poll(() => status.textContent()).toContain(`11 to 20 of ${total}`);
      await page.getByLabel('From').selectOption('logs');
      await expect
        .poll(() => status.textContent())
        .toContain(` of ${logs.books.quarantined}, the newest first`);
      await page.getByLabel('From').selectOption('tickets');
      await page.getByLabel('Reason').selectOption('num_interactions:negative-count');
      await expect.poll(() => status.textContent()).toContain(` of ${month.books.quarantined},`);
    });

    it.each([
      ['tickets', 'cdc-reader', 'careplus.ticket-changes', 'ticket-processor'],
      ['logs', 'log-shipper', 'careplus.log-entries', 'log-processor'],
    ])('tells where every station of the %s stands', async (dataset, ...first) => {
      const { page, open } = world();
      await open('pipeline');
      const stations = page.locator(`#${dataset}-hops li`);
      const names = stations.locator('.name');
      expect(await names.allTextContents()).toEqual([...first, 'warehouse-loader', 'warehouse']);
      const waiting = stations.locator('.waiting');
      const reader = dataset === 'logs' ? 'nothing waits' : '';
      await expect
        .poll(() => waiting.allTextContents(), { timeout: 10_000 })
        .toEqual([reader, '', 'nothing waits', 'nothing waits', 'nothing waits']);
      expect(await page.locator(`#${dataset}-books .hint`).textContent()).toMatch(
        /^The books close/,
      );
    });
  });
}
