import { readFile } from 'node:fs/promises';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openLive } from './browser.ts';
import { month, type PageWorld } from './page-world.ts';

/** Narrowing down, following a figure to what stands behind it, and coming back. */
export function describeFilters(world: () => PageWorld): void {
  const countOf = async (where: string) => {
    const [row] = await world().query(
      `SELECT COUNT(*) AS n, SUM(num_interactions) AS i FROM reporting.tickets WHERE ${where}`,
    );
    return { tickets: Number(row?.['n']), interactions: Number(row?.['i']) };
  };
  const choose = async (filter: string, value: string) => {
    const menu = world().page.locator(`[data-filter="${filter}"]`);
    await menu.locator('summary').click();
    await menu.getByRole('checkbox', { name: value }).check();
    await world().page.keyboard.press('Escape');
  };
  const search = () => world().page.evaluate<string>('location.search');

  describe('filters', () => {
    it('narrow every figure down, stand in the address, and are taken back by the back button', async () => {
      const { page, open, shown, split, context, address } = world();
      await open();
      const all = await shown('tickets_shown');
      await choose('status', 'Resolved');
      await expect
        .poll(() => shown('tickets_shown'))
        .toBe(String((await countOf(`status = 'Resolved'`)).tickets));
      await choose('priority', 'High');
      await choose('priority', 'Low');
      expect(await search()).toBe('?status=Resolved&priority=High&priority=Low');
      const where = `status = 'Resolved' AND priority IN ('High', 'Low')`;
      const { tickets, interactions } = await countOf(where);
      await expect.poll(() => shown('tickets_shown')).toBe(String(tickets));
      expect(await shown('mean_interactions')).toBe(String(interactions / tickets));
      expect(Object.keys(await split('tickets_by_priority'))).toEqual(['High', 'Low']);
      expect(await page.locator('.matches').textContent()).toContain(`${tickets} of`);

      const other = await context.newPage();
      await openLive(other, `${address}${await search()}`);
      expect(await shown('tickets_shown', other)).toBe(String(tickets));
      await other.close();

      await page.goBack();
      await page.goBack();
      expect(await search()).toBe('?status=Resolved');
      await page.locator('.chips a', { hasText: 'Status: Resolved' }).click();
      await expect.poll(() => shown('tickets_shown')).toBe(all);
      expect(await search()).toBe('');
    });

    it('take days from the data, compare them, and say what they do not reach', async () => {
      const { page, open, shown, mysql } = world();
      await open();
      await page.getByLabel('Days', { exact: true }).selectOption('Last 7 days');
      const day = page.getByLabel('From day');
      await expect.poll(() => day.inputValue()).toMatch(/^2025-03-\d\d$/);
      const from = await day.inputValue();
      const { tickets } = await countOf(`created_date >= DATE '${from}'`);
      await expect.poll(() => shown('tickets_shown')).toBe(String(tickets));
      const before = await countOf(
        `created_date < DATE '${from}' AND created_date >= DATE '${from}' - 7`,
      );
      const change = page.locator('.tile', { hasText: 'each counted once' }).locator('.change');
      expect(await change.textContent()).toMatch(
        tickets === before.tickets ? /as before/ : new RegExp(`was ${before.tickets}$`),
      );
      const whole = page.locator('.tile[data-whole] .change:visible');
      expect(await whole.count()).toBe(0);

      // The range goes on with the data, and leaves no way back to the days before.
      const [, to = ''] = /to=([\d-]+)&last=7$/.exec(await search()) ?? [];
      const tomorrow = new Date(Date.parse(to) + 86_400_000).toISOString().slice(0, 10);
      await mysql.execute(
        `INSERT INTO support_tickets VALUES ('NEXT', ?, NULL, 'Ada', 'High', '3', 'Bug', 'Chat', 'Open', '')`,
        [`${tomorrow} 00:10`],
      );
      await expect.poll(search).toMatch(new RegExp(`&to=${tomorrow}&last=7$`));
      await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'NEXT'`);
      await expect.poll(search).toBe(`?from=${from}&to=${to}&last=7`);
      await page.goBack();
      await expect.poll(search).toBe('');
      await page.goForward();
      await expect
        .poll(() => page.locator('.compared').textContent())
        .toMatch(/^Changes are against/);
      await page.getByLabel('To day').fill('2025-03-28');
      const ended = await countOf(
        `created_date >= DATE '${from}' AND created_date <= DATE '2025-03-28'`,
      );
      await expect.poll(() => shown('tickets_shown')).toBe(String(ended.tickets));
      expect(await search()).toBe(`?from=${from}&to=2025-03-28`);
      expect(await page.locator('#backlog-panel[data-whole]').count()).toBe(1);
      expect(await page.locator('#days-panel[data-whole]').count()).toBe(0);
    });

    it('take any text for what it is', async () => {
      const { page, mysql, address, shown } = world();
      const agent = `O'Neill & "Co" \\ :p; -- %ü`;
      await mysql.execute(
        `INSERT INTO support_tickets VALUES ('ODD', '2025-03-31 22:00', NULL, ?, 'High', '3', ?, 'Chat', 'Open', '')`,
        [agent, 'Bug Report'],
      );
      await openLive(page, `${address}?${new URLSearchParams({ agent }).toString()}`);
      await expect.poll(() => shown('tickets_shown'), { timeout: 10_000 }).toBe('1');
      expect(await page.locator('.chips').textContent()).toContain(`Agent: ${agent}`);
      await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'ODD'`);
      await page.getByText('No ticket matches').waitFor({ timeout: 10_000 });
    });

    it('draw any text as it is, one that the language knows and one from right to left', async () => {
      const { page, mysql, address, shown, split } = world();
      const names = [
        'constructor',
        '__proto__',
        '<b>bold</b>',
        '\u202Eturned',
        'שרה',
        'x'.repeat(90),
      ];
      const day = "'2025-03-31 22:00', NULL";
      await mysql.query(
        `INSERT INTO support_tickets VALUES ${names.map((_name, at) => `('ODD${at}', ${day}, ?, 'High', '3', ?, 'Chat', 'Open', '')`).join()}`,
        names.flatMap((name) => [name, name]),
      );
      const query = new URLSearchParams(names.map((name): [string, string] => ['agent', name]));
      await openLive(page, `${address}?${query.toString()}`);
      // As a list: a property `__proto__` does not survive the way out of the browser.
      const labels = async (measure: string) => {
        await split(measure);
        return page.evaluate<string[]>(
          `[...document.querySelectorAll('td[data-measure="${measure}"]')].map((cell) => cell.dataset.label).toSorted()`,
        );
      };
      await expect.poll(() => shown('tickets_shown'), { timeout: 10_000 }).toBe('6');
      for (const measure of ['tickets_by_agent', 'tickets_by_issue_category']) {
        expect(await labels(measure)).toEqual(names.toSorted());
      }
      const charts = page.locator('.chart:visible');
      await expect
        .poll(
          async () =>
            (await charts.count()) - (await page.locator('.chart:visible[data-drawn]').count()),
        )
        .toBe(0);
      const menu = page.locator('[data-filter="agent"]');
      await menu.locator('summary').click();
      await menu.getByLabel('Search Agent').fill('Not offered');
      await menu.getByText('Not among the most frequent').waitFor();
      await page.keyboard.press('Enter');
      await expect.poll(search).toContain('agent=Not+offered');
      await mysql.query(`DELETE FROM support_tickets WHERE ticket_id LIKE 'ODD%'`);
      await page.getByText('No ticket matches').waitFor({ timeout: 10_000 });
    });

    it('narrow the logs down, too', async () => {
      const { page, open, shown, query } = world();
      await open('logs');
      await choose('level', 'INFO');
      const [row] = await query(
        `SELECT COUNT(*) AS n FROM reporting.log_entries WHERE log_level = 'INFO'`,
      );
      await expect.poll(() => shown('log_entries')).toBe(String(row?.['n']));
      expect(await page.getByLabel('Days', { exact: true }).count()).toBe(1);
    });

    it('are chosen by keyboard alone', async () => {
      const { page, open } = world();
      await open();
      await page.locator('[data-filter="channel"] summary').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await expect.poll(search).toMatch(/^\?channel=/);
      await page.keyboard.press('Escape');
      expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    });
  });

  describe('drill', () => {
    it('leads from a tile, and by arrow keys from a chart, to as many rows as they count', async () => {
      const { page, open, shown, split } = world();
      const listed = page.locator('#list-count');
      await open('?priority=High');
      const escalated = await shown('tickets_escalated');
      await page.locator('.tile').getByRole('link', { name: 'Escalated' }).click();
      await expect.poll(() => listed.textContent()).toContain(` of ${escalated} tickets`);
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: 'CSV' }).click();
      const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\r\n');
      expect(lines).toHaveLength(Number(escalated) + 1);
      expect(lines.slice(1).every((line) => /,Escalated,High,/.test(line))).toBe(true);

      await open();
      const cells = await split('tickets_by_weekday_and_hour');
      const [place = '', count] = Object.entries(cells).find(([, each]) => each !== '0') ?? [];
      const [weekday = 0, hour = 0] = place.split('-').map(Number);
      await page.locator('#heat-panel .chart[data-drawn="true"]').focus();
      // The first one reaches Monday, midnight.
      const keys = ['ArrowUp', ...repeat('ArrowDown', weekday - 1), ...repeat('ArrowRight', hour)];
      for (const key of keys) await page.keyboard.press(key);
      const words = new RegExp(`day ${String(hour).padStart(2, '0')}:00 UTC`);
      expect(await page.locator('#heat-panel .chart-tip').textContent()).toMatch(words);
      expect(await page.locator('#announcer').textContent()).toContain(`: ${count} tickets`);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/tickets\?weekday=/);
      await expect.poll(() => listed.textContent()).toContain(` of ${count} tickets`);
    });

    it('leads from a bar to its tickets, page by page, and back', async () => {
      const { page, open } = world();
      await open('?priority=High');
      const panel = page.locator('.panel', { hasText: 'By status' }).first();
      await panel.locator('.chart[data-drawn="true"]').waitFor();
      // The longest bar begins where the labels end.
      await clickBar(panel.locator('.chart'));
      await page.waitForURL(/\/tickets\?/);
      expect(await search()).toBe('?priority=High&status=Resolved');
      const { tickets } = await countOf(`status = 'Resolved' AND priority = 'High'`);
      await expect
        .poll(() => page.locator('#list-count').textContent())
        .toContain(` of ${tickets} `);
      expect(await page.locator('#rows tbody tr').count()).toBe(Math.min(50, tickets));
      await page.goBack();
      await page.locator('body[data-page="tickets"][data-state="live"]').waitFor();
      expect(await search()).toBe('?priority=High');
    });

    it('turns the pages of a list by links that can be shared', async () => {
      const { page, open } = world();
      await open('tickets');
      const listed = page.locator('#list-count');
      const total = month.books.shown;
      await expect.poll(() => listed.textContent()).toContain(`1 to 50 of ${total}`);
      const first = await page.locator('#rows tbody th').first().textContent();
      await page.getByRole('link', { name: 'Older' }).click();
      await expect.poll(() => listed.textContent()).toContain(`51 to 100 of ${total}`);
      expect(await search()).toBe('?page=2');
      await page.reload();
      await expect.poll(() => listed.textContent()).toContain(`51 to 100 of ${total}`);
      await page.goBack();
      await expect.poll(() => listed.textContent()).toContain(`1 to 50 of ${total}`);
      expect(await page.locator('#rows tbody th').first().textContent()).toBe(first);
    });

    it('leads by keyboard from a chart’s table to its tickets, and to one ticket’s life', async () => {
      const { page, open, query, mysql } = world();
      const [row] = await query(
        `SELECT t.ticket_id, t.agent FROM reporting.tickets t JOIN reporting.log_entries e ON e.ticket_key = t.ticket_key
         WHERE t.status = 'Resolved' GROUP BY t.ticket_id, t.agent ORDER BY COUNT(*) DESC, t.ticket_id LIMIT 1`,
      );
      const [id, agent] = [String(row?.['ticket_id']), String(row?.['agent'])];
      await mysql.execute(
        `UPDATE support_tickets SET status = 'Open', resolved_at = NULL WHERE ticket_id = ?`,
        [id],
      );
      await open();
      const panel = page.locator('.panel', { hasText: 'By agent' }).first();
      await panel.locator('summary').focus();
      await page.keyboard.press('Enter');
      await panel.getByRole('link', { name: agent, exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/tickets\?agent=/);
      await page.locator('#rows tbody tr').first().waitFor();

      await page.getByRole('searchbox', { name: 'Go to ticket' }).fill(` ${id} `);
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/ticket?id=${encodeURIComponent(id)}`);
      await page.locator('body[data-state="live"]').waitFor();
      expect(await page.locator('#trace-command').textContent()).toBe(`careplus trace ${id}`);
      await page.getByRole('button', { name: 'Copy the command' }).click();
      await page.getByRole('button', { name: 'Copied the command' }).waitFor();
      const changes = page.locator('#changes li[data-event]');
      const history = () =>
        query(
          `SELECT event_id, gtid, verdict, CAST(committed_at AS VARCHAR(19)) AS at FROM reporting.ticket_history WHERE ticket_id = '${id}' ORDER BY epoch DESC, seq DESC`,
        );
      await expect.poll(() => changes.count(), { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
      const known = await history();
      expect(await changes.count()).toBe(known.length);
      for (const [at, change] of known.entries()) {
        const item = changes.nth(at);
        expect(await item.getAttribute('data-event')).toBe(change['event_id']);
        const text = (await item.textContent()) ?? '';
        for (const value of [change['gtid'], change['verdict'], change['at']]) {
          if (value !== null) expect(text).toContain(value as string);
        }
      }
      expect(await changes.first().textContent()).toContain('written');
      const [logged] = await query(
        `SELECT COUNT(*) AS n FROM reporting.log_entries WHERE ticket_id = '${id}'`,
      );
      expect(await page.locator('#entries tbody tr[data-entry]').count()).toBe(
        Number(logged?.['n']),
      );
      expect(await page.locator('#periods').textContent()).toContain('Open');
    });
  });
}

function repeat(key: string, times: number): string[] {
  return Array.from({ length: times }, () => key);
}

async function clickBar(chart: Locator): Promise<void> {
  const box = await chart.boundingBox();
  if (!box) throw new Error('no chart');
  await chart.click({ position: { x: box.width * 0.45, y: 22 } });
}
