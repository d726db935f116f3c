import { describe, expect, it } from 'vitest';
import {
  heatMaps,
  historyMeasures,
  logMeasures,
  matrixSql,
  measureSql,
  measureValue,
  ticketMeasures,
  type Measure,
} from '../../schemas/measures.ts';
import type { PageWorld } from './page-world.ts';

/** What is shown is what the warehouse holds, soon, and for everybody. */
export function describeFigures(world: () => PageWorld): void {
  const tickets: readonly Measure[] = [
    ...ticketMeasures,
    // Only by hour.
    ...historyMeasures.filter(({ name }) => name !== 'backlog'),
  ];

  describe('figures', () => {
    it.each([
      ['', tickets],
      ['logs', logMeasures as readonly Measure[]],
    ] as const)('/%s shows the figures of the warehouse', async (name, measures) => {
      const { query, open, shown, page } = world();
      const parts = measures.map((measure) => {
        const denominator = measure.sql.denominator === undefined ? 'NULL' : 'q.denominator';
        return (
          `SELECT CAST('${measure.name}' AS VARCHAR(64)) AS name, CAST(q.numerator AS BIGINT) AS n, ` +
          `CAST(${denominator} AS BIGINT) AS d FROM (${measureSql(measure)}) q`
        );
      });
      const rows = await query(parts.join(' UNION ALL '));
      await open(name);
      let compared = 0;
      for (const measure of measures) {
        if ((await page.locator(`[data-measure="${measure.name}"][data-format]`).count()) === 0) {
          continue;
        }
        const row = rows.find((each) => each['name'] === measure.name);
        const denominator = row?.['d'] === null ? null : Number(row?.['d']);
        const value = measureValue(measure, Number(row?.['n']), denominator);
        expect([measure.name, await shown(measure.name)]).toEqual([
          measure.name,
          value === null ? '' : String(value),
        ]);
        compared += 1;
      }
      expect(compared).toBeGreaterThanOrEqual(name === '' ? 13 : 7);
    });

    it('splits them as the warehouse counts, in bars, columns, steps and heat maps', async () => {
      const { query, open, split } = world();
      const byAgent = await query(
        'SELECT agent, COUNT(*) AS tickets FROM reporting.tickets GROUP BY agent',
      );
      const byHour = await query(
        'SELECT CAST(backlog_hour AS VARCHAR(19)) AS hour, open_tickets FROM reporting.ticket_backlog ORDER BY backlog_hour DESC LIMIT 50',
      );
      const [heatMap] = heatMaps;
      const [measure] = ticketMeasures;
      const cells = await query(matrixSql(heatMap, measure));
      await open();
      expect(await split('tickets_by_agent')).toEqual(
        Object.fromEntries(byAgent.map(({ agent, tickets: n }) => [agent, String(n)])),
      );
      expect(await split('backlog_by_hour')).toMatchObject(
        Object.fromEntries(byHour.map(({ hour, open_tickets: n }) => [hour, String(n)])),
      );
      const shown = await split(heatMap.name);
      expect(Object.keys(shown)).toHaveLength(7 * 24);
      const filled = Object.entries(shown).filter(([, value]) => value !== '0');
      expect(Object.fromEntries(filled)).toEqual(
        Object.fromEntries(
          cells.map((cell) => [
            `${String(cell['row_label'])}-${String(cell['column_label'])}`,
            String(cell['numerator']),
          ]),
        ),
      );
    });

    it('draws every chart, and names it', async () => {
      const { open, page } = world();
      for (const [name, charts] of [
        ['', 10],
        ['logs', 7],
      ] as const) {
        await open(name);
        const drawn = page.locator('.chart:visible[data-drawn="true"] svg');
        await expect.poll(() => drawn.count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(charts);
        const all = page.locator('.chart:visible');
        await expect.poll(async () => (await drawn.count()) - (await all.count())).toBe(0);
        const status = page.locator(
          name === '' ? '[data-breakdown="tickets_by_status"]' : '[data-breakdown="logs_by_level"]',
        );
        const label = await status.locator('.chart').getAttribute('aria-label');
        expect(label).toMatch(name === '' ? /^By status: Resolved \d+/ : /^By level: [A-Z]+ \d+/);
      }
    });

    it('are there within a second of the navigation', async () => {
      const { page, open } = world();
      const times: number[] = [];
      for (let navigation = 0; navigation < 5; navigation += 1) {
        await page.goto('about:blank');
        await open();
        times.push(
          Number(await page.evaluate('performance.getEntriesByName("first-figure")[0].startTime')),
        );
      }
      console.log(`first figure after ${times.map(Math.round).join(', ')} ms`);
      expect(Math.min(...times)).toBeLessThanOrEqual(1_000);
    });

    it('follow an UPDATE within 5 s, without being loaded again', async () => {
      const { open, page, shown, query, mysql } = world();
      await open();
      // A row that stays the same stays itself: what somebody has marked in it stays marked.
      await page.evaluate(`globalThis.newest = document.querySelector('#recent tbody tr')`);
      await page.evaluate('globalThis.loadedOnce = true');
      const escalated = Number(await shown('tickets_escalated'));
      const [row] = await query(
        `SELECT ticket_id FROM reporting.tickets WHERE status = 'Open' ORDER BY ticket_id LIMIT 1`,
      );
      await mysql.execute('UPDATE support_tickets SET status = ? WHERE ticket_id = ?', [
        'Escalated',
        row?.['ticket_id'] as string,
      ]);
      await expect
        .poll(() => shown('tickets_escalated'), { timeout: 5_000, interval: 50 })
        .toBe(String(escalated + 1));
      expect(await page.evaluate('globalThis.loadedOnce')).toBe(true);
      expect(await page.evaluate('globalThis.newest.isConnected')).toBe(true);
    });

    it('cost one query set a batch, whether one looks or fifty, and none when nobody does', async () => {
      const { page, faults, address, mysql, stack } = world();
      await page.goto('about:blank');
      // A rule that delays by nothing counts the statements that it selects.
      const ofPage = { op: 'BatchExecuteStatement', match: 'tickets_by_agent' } as const;
      await faults.add({ action: 'delay', ms: 0, times: 10_000, ...ofPage });
      const asked = async () =>
        (await faults.list()).find(({ rule }) => rule.match === ofPage.match)?.seen ?? 0;
      const touch = () =>
        mysql.query('UPDATE support_tickets SET num_interactions = num_interactions + 1 LIMIT 1');

      await touch();
      const stop = new AbortController();
      const viewers = await Promise.all(
        Array.from({ length: 50 }, () =>
          followBatches(`${address}api/events/tickets`, stop.signal),
        ),
      );
      const before = await asked();
      const first = new Set(viewers.map(({ batches }) => batches.at(-1)));
      await touch();
      await expect
        .poll(() => viewers.filter(({ batches }) => !first.has(batches.at(-1))).length, {
          timeout: 10_000,
        })
        .toBe(50);
      const seen = new Set(viewers.flatMap(({ batches }) => batches));
      expect(await asked()).toBeLessThanOrEqual(before + seen.size);
      stop.abort();

      const left = await asked();
      await touch();
      await touch();
      expect((await stack.careplus(['wait', '--idle'])).code).toBe(0);
      expect(await asked()).toBeLessThanOrEqual(left + 1);
      await faults.clear();
    });
  });
}

/** A viewer without a browser: the batches of the documents that it was sent. */
async function followBatches(url: string, signal: AbortSignal): Promise<{ batches: string[] }> {
  const viewer: { batches: string[] } = { batches: [] };
  const response = await fetch(url, { signal });
  const first = Promise.withResolvers<undefined>();
  const read = async () => {
    let text = '';
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(
      new TextDecoderStream(),
    )) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const batch = /"batch_id":"([^"]+)"/.exec(block)?.[1];
        if (batch !== undefined) viewer.batches.push(batch);
        first.resolve(undefined);
      }
    }
  };
  read().catch((error: unknown) => {
    if (!signal.aborted) first.reject(error);
  });
  await first.promise;
  return viewer;
}
