import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import type { Connection } from 'mysql2/promise';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../infra/local/aws-endpoint/faults-client.ts';
import { generateLogs } from '../../infra/local/demo-data/logs.ts';
import { generateTickets } from '../../infra/local/demo-data/tickets.ts';
import { createDataApi, type WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../runtime/redshift/redshift-client.ts';
import { createTestStack, type TestStack } from '../e2e/local-stack.ts';
import { mysqlDump } from '../e2e/mysql-dump.ts';
import { launchBrowser, openLive, watchConduct, type Conduct } from './browser.ts';

export const month = generateTickets({ seed: 77, firstDay: '2025-03-01' });
export const logs = generateLogs({ seed: 78, tickets: month.rows.slice(0, 40) });

/** One running stack with tickets and logs, and a browser that looks at its pages. */
export interface PageWorld {
  readonly stack: TestStack;
  readonly mysql: Connection;
  readonly faults: FaultsClient;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly conduct: Conduct;
  /** Of the tickets page, with a slash at its end. */
  readonly address: string;
  /** Rows of the warehouse, by the API that everybody uses. */
  readonly query: (sql: string) => Promise<readonly WarehouseRow[]>;
  /** Shows a page and waits for its figures. */
  readonly open: (place?: string) => Promise<void>;
  /** The unrounded value behind a figure. */
  readonly shown: (measure: string, page?: Page) => Promise<string | null>;
  /** A breakdown as its panel's table has it: label → unrounded value. */
  readonly split: (measure: string, page?: Page) => Promise<Record<string, string>>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createPageWorld(): Promise<PageWorld> {
  await using started = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-browser-'));
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const dump = path.join(folder, 'dump.sql');
  writeFileSync(dump, mysqlDump('tickets_of_march', month.rows));
  const logFolder = path.join(folder, 'server-logs');
  mkdirSync(logFolder);
  for (const { name, text } of logs.files) writeFileSync(path.join(logFolder, name), text);
  const stack = await createTestStack();
  started.defer(() => stack.close());
  const feed = ['--tickets', dump, '--logs', logFolder];
  const run = await stack.careplus(['up', ...feed, '--keep-running']);
  expect(run.code, run.stderr).toBe(0);
  const endpoint = stack.env()['CAREPLUS_AWS_ENDPOINT'] ?? '';
  process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
  const client = createRedshiftDataClient({ region: 'eu-central-1', endpoint, bucket: 'lake' });
  started.defer(() => client.destroy());
  const target = { workgroupName: 'careplus', database: 'careplus' };
  const api = createDataApi({ client, target });
  const mysql = await stack.mysql();
  started.defer(() => mysql.end());
  const address = `${stack.env()['CAREPLUS_DASHBOARD_URL'] ?? ''}/`;
  const browser = await launchBrowser();
  started.defer(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const conduct = watchConduct(context, address);
  const page = await context.newPage();
  const running = started.move();

  const shown = (measure: string, on = page) =>
    on.locator(`[data-measure="${measure}"][data-format]`).first().getAttribute('data-value');
  const world: PageWorld = {
    ...{ stack, mysql, browser, context, page, conduct, address, shown },
    faults: createFaultsClient(endpoint),
    query: async (sql) => (await api.query(sql)).rows,
    open: (place = '') => openLive(page, address + place),
    async split(measure, on = page) {
      const panel = on.locator(
        `[data-breakdown="${measure}"], [data-beside="${measure}"], [data-matrix="${measure}"]`,
      );
      const table = panel.first().locator('.as-table');
      if ((await table.getAttribute('open')) === null) await table.locator('summary').click();
      await table.locator('tbody tr').first().waitFor();
      return on.evaluate(
        `Object.fromEntries([...document.querySelectorAll('td[data-measure="${measure}"]')]
          .map(({ dataset }) => [dataset.label, dataset.value]))`,
      );
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
  for (const [name, measure, count] of [
    ['logs', 'log_entries', logs.books.shown],
    ['', 'tickets_shown', month.books.shown],
  ] as const) {
    await world.open(name);
    await vi.waitFor(async () => expect(await shown(measure)).toBe(String(count)), 60_000);
  }
  return world;
}

/** Rules that the page breaks, each with an element that breaks it. */
export async function violations(page: Page): Promise<(string | undefined)[][]> {
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(axe.source);
  const found = await page.evaluate<axe.AxeResults>('axe.run()');
  return found.violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
}

/** The same page in both colour schemes. */
export async function inBothSchemes(page: Page, look: () => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await look();
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
