import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import type { Connection } from 'mysql2/promise';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { generateLogs } from '../../infra/local/demo-data/logs.ts';
import { generateTickets } from '../../infra/local/demo-data/tickets.ts';
import {
  logMeasures,
  measureSql,
  measureValue,
  ticketMeasures,
  type Measure,
} from '../../schemas/measures.ts';
import { createTestStack, type TestStack } from '../e2e/local-stack.ts';
import { mysqlDump } from '../e2e/mysql-dump.ts';
import { launchBrowser, openLive, watchConduct, type Conduct } from './browser.ts';

const month = generateTickets({ seed: 77, firstDay: '2025-03-01' });
const logs = generateLogs({ seed: 78, tickets: month.rows.slice(0, 40) });
const pages = ['', 'logs', 'pipeline'];
const schemes = ['light', 'dark'] as const;

describe('the pages in a browser', () => {
  let folder: string;
  let stack: TestStack;
  let mysql: Connection;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let conduct: Conduct;
  let address: string;

  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    folder = mkdtempSync(path.join(tmpdir(), 'careplus-browser-'));
    started.defer(() => rmSync(folder, { recursive: true, force: true }));
    const dump = path.join(folder, 'dump.sql');
    writeFileSync(dump, mysqlDump('tickets_of_march', month.rows));
    const logFolder = path.join(folder, 'server-logs');
    mkdirSync(logFolder);
    for (const { name, text } of logs.files) writeFileSync(path.join(logFolder, name), text);
    stack = await createTestStack();
    started.defer(() => stack.close());
    const run = await stack.careplus([
      'up',
      '--tickets',
      dump,
      '--logs',
      logFolder,
      '--keep-running',
    ]);
    expect(run.code, run.stderr).toBe(0);
    mysql = await stack.mysql();
    started.defer(() => mysql.end());
    address = `${stack.env()['CAREPLUS_DASHBOARD_URL'] ?? ''}/`;
    browser = await launchBrowser();
    started.defer(() => browser.close());
    context = await browser.newContext();
    conduct = watchConduct(context, address);
    page = await context.newPage();
    for (const [name, measure, count] of [
      ['logs', 'log_entries', logs.books.shown],
      ['', 'tickets_shown', month.books.shown],
    ] as const) {
      await openLive(page, address + name);
      await vi.waitFor(async () => expect(await shown(measure)).toBe(String(count)), 60_000);
    }
    const running = started.move();
    return () => running.disposeAsync();
  });

  /** The unrounded value behind a figure. */
  const shown = (measure: string) =>
    page.locator(`[data-measure="${measure}"][data-format]`).first().getAttribute('data-value');

  /** Rows of the warehouse, as a person asks for them. */
  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const run = await stack.careplus(['--json', 'query', sql]);
    expect(run.code, run.stderr).toBe(0);
    const lines = run.stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  it.each([
    ['', ticketMeasures],
    ['logs', logMeasures],
  ] as const)('/%s shows the figures of the warehouse', async (name, measures) => {
    const parts = (measures as readonly Measure[]).map((measure) => {
      const denominator = measure.sql.denominator === undefined ? 'NULL' : 'q.denominator';
      return (
        `SELECT CAST('${measure.name}' AS VARCHAR(64)) AS name, CAST(q.numerator AS BIGINT) AS n, ` +
        `CAST(${denominator} AS BIGINT) AS d FROM (${measureSql(measure)}) q`
      );
    });
    const rows = await query(parts.join(' UNION ALL '));
    await openLive(page, address + name);
    expect(rows).toHaveLength(measures.length);
    for (const measure of measures as readonly Measure[]) {
      const row = rows.find((each) => each['name'] === measure.name);
      const denominator = row?.['d'] === null ? null : Number(row?.['d']);
      const value = measureValue(measure, Number(row?.['n']), denominator);
      expect([measure.name, await shown(measure.name)]).toEqual([
        measure.name,
        value === null ? '' : String(value),
      ]);
    }
  });

  it('shows breakdowns as the warehouse counts them', async () => {
    const rows = await query(
      'SELECT agent, COUNT(*) AS tickets FROM reporting.tickets GROUP BY agent',
    );
    await openLive(page, address);
    const counted = await page.evaluate(
      `Object.fromEntries([...document.querySelectorAll('td[data-measure="tickets_by_agent"]')]
        .map(({ dataset }) => [dataset.label, dataset.value]))`,
    );
    expect(counted).toEqual(
      Object.fromEntries(rows.map(({ agent, tickets }) => [agent, String(tickets)])),
    );
  });

  it('follows an UPDATE within 5 s, without being loaded again', async () => {
    await openLive(page, address);
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
  });

  it('shows what is set aside as it stood at the source, as text', async () => {
    const text = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await mysql.execute(
      `INSERT INTO support_tickets VALUES ('EVIL', '2025-03-31 23:00', NULL, ?, 'High', '-3', ?, 'Chat', 'Open', '')`,
      [text, 'Bug Report'],
    );
    await openLive(page, `${address}pipeline`);
    const evil = page.locator('#browser-rows details', { hasText: 'EVIL' });
    await evil.waitFor({ timeout: 10_000 });
    await evil.locator('summary').click();
    expect(await evil.locator('pre').textContent()).toContain(JSON.stringify(text).slice(1, -1));
    expect(await page.locator('#browser-rows img, #browser-rows script').count()).toBe(0);
    expect(await page.title()).toBe('Pipeline · CarePlus');
    await mysql.query(`DELETE FROM support_tickets WHERE ticket_id = 'EVIL'`);
    await expect.poll(() => evil.count(), { timeout: 10_000 }).toBe(0);
  });

  it('turns the pages of what is set aside, and filters them', async () => {
    await openLive(page, `${address}pipeline`);
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
    await openLive(page, `${address}pipeline`);
    const stations = page.locator(`#${dataset}-hops li`);
    const names = stations.locator('.name');
    expect(await names.allTextContents()).toEqual([...first, 'warehouse-loader', 'warehouse']);
    const waiting = stations.locator('.waiting');
    const reader = dataset === 'logs' ? 'nothing waits' : '';
    await expect
      .poll(() => waiting.allTextContents(), { timeout: 10_000 })
      .toEqual([reader, '', 'nothing waits', 'nothing waits', 'nothing waits']);
    expect(await page.locator(`#${dataset}-books-hint`).textContent()).toMatch(/^The books close/);
  });

  it('is walked through by keyboard alone', async () => {
    await openLive(page, address);
    await page.keyboard.press('Tab');
    expect(await focusedText()).toBe('Skip to the figures');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    for (const [link, heading] of [
      ['System logs', 'CarePlus System logs'],
      ['Pipeline', 'CarePlus Pipeline'],
      ['Support tickets', 'CarePlus Support tickets'],
    ] as const) {
      await page.evaluate('document.activeElement.blur()');
      await tabTo(link);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.locator('body[data-state="live"]').waitFor();
      expect(await page.locator('nav a[aria-current="page"]').textContent()).toBe(link);
    }
  });

  const focusedText = () => page.evaluate('document.activeElement.textContent.trim()');

  async function tabTo(text: string): Promise<void> {
    for (let presses = 0; presses < 10; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await focusedText()) === text) return;
    }
    throw new Error(`no way to ${text} by Tab`);
  }

  it.each(schemes.flatMap((scheme) => pages.map((name) => [name, scheme] as const)))(
    '/%s is accessible and fits a phone (%s)',
    async (name, colorScheme) => {
      const phone = await context.newPage();
      try {
        await phone.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await phone.setViewportSize({ width: 360, height: 740 });
        await openLive(phone, address + name);
        if (name === 'pipeline') await phone.locator('#browser-rows summary').first().click();
        const tooWide = 'document.documentElement.scrollWidth - window.innerWidth';
        expect(await phone.evaluate(tooWide)).toBeLessThanOrEqual(0);
        await phone.evaluate(axe.source);
        const found = await phone.evaluate<axe.AxeResults>('axe.run()');
        expect(found.violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
      } finally {
        await phone.close();
      }
    },
  );

  it('has made no error and asked nobody else', () => {
    expect(conduct).toEqual({ errors: [], foreignRequests: [] });
  });

  it('says that it reconnects while its server is away, and comes back by itself', async () => {
    const other = await browser.newPage();
    try {
      await openLive(other, address);
      const state = other.locator('#state');
      process.kill(stack.pid('dashboard'), 'SIGKILL');
      await expect.poll(() => state.textContent(), { timeout: 5_000 }).toBe('Reconnecting');
      // What was shown stays.
      expect(await other.locator('[data-measure="tickets_shown"]').textContent()).not.toBe('–');
      await expect.poll(() => state.textContent(), { timeout: 15_000 }).toBe('Live');
    } finally {
      await other.close();
    }
  });
});
