/**
 * Takes the pictures of the pages that the documentation shows: `npm run screenshots`. With
 * `--review DIR` every page and state in both colour schemes, for whoever changes how they look.
 * Starts a local stack of its own with generated tickets and logs, and ends it.
 */
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { createFaultsClient } from '../infra/local/aws-endpoint/faults-client.ts';
import { launchBrowser, openLive } from '../test/browser/browser.ts';
import { createTestStack } from '../test/e2e/local-stack.ts';

const WIDTH = 1_200;
const PHONE = 360;
const schemes = ['light', 'dark'] as const;
type Scheme = (typeof schemes)[number];

interface Picture {
  readonly name: string;
  /** Path and query. */
  readonly place: string;
  readonly scheme: Scheme;
  readonly width: number;
  /** The whole page, or what is seen at first. */
  readonly whole: boolean;
  /** Brings the page into the state that is wanted. */
  readonly reach?: (page: Page) => Promise<void>;
}

const picture = (name: string, place: string, scheme: Scheme): Picture => ({
  ...{ name, place, scheme, width: WIDTH, whole: false },
});

const pages = ['', 'logs', 'pipeline', 'tickets', 'entries', 'ticket?id='] as const;

async function take(browser: Browser, address: string, folder: string, wanted: Picture) {
  const page = await browser.newPage({
    colorScheme: wanted.scheme,
    reducedMotion: 'reduce',
    viewport: { width: wanted.width, height: 860 },
  });
  if (wanted.reach) {
    await page.goto(address + wanted.place);
    await wanted.reach(page);
  } else {
    await openLive(page, address + wanted.place);
    await page.locator('#empty').waitFor({ state: 'hidden' });
    const charts = await page.locator('.chart:visible').count();
    await page
      .locator('.chart[data-drawn="true"]')
      .nth(Math.max(0, charts - 1))
      .waitFor({
        state: charts === 0 ? 'detached' : 'visible',
      });
  }
  const file = path.join(folder, `${wanted.name}.png`);
  await page.screenshot({ path: file, fullPage: wanted.whole });
  await page.close();
  console.log(`${wanted.name}.png: ${Math.ceil(statSync(file).size / 1024)} KiB`);
}

/** Every page, whole, wide and narrow, and narrowed down. */
function everyPage(ticket: string): readonly Picture[] {
  return schemes.flatMap((scheme) =>
    [
      ...pages.map((place) => (place.startsWith('ticket?') ? place + ticket : place)),
      '?status=Open',
    ]
      .flatMap((place) => [WIDTH, PHONE].map((width) => ({ place, width })))
      .map(({ place, width }) => ({
        ...picture(`${place.replace(/\W+/g, '-') || 'start'}-${width}-${scheme}`, place, scheme),
        ...{ width, whole: true },
      })),
  );
}

/** What a page says when something is missing. */
const everyState: readonly Picture[] = schemes.flatMap((scheme) => [
  {
    ...picture(`no-match-${scheme}`, '?agent=Nobody', scheme),
    reach: (page) => page.getByText('No ticket matches').waitFor(),
  },
  {
    ...picture(`refused-${scheme}`, '?from=2025-02-30', scheme),
    reach: (page) => page.getByText('asks for what cannot be').waitFor(),
  },
  {
    ...{ ...picture(`quarantine-${scheme}`, 'pipeline', scheme), whole: true },
    async reach(page) {
      await page.locator('#browser-rows summary').first().click();
      await page.locator('.by-day summary').first().click();
    },
  },
  {
    // A4 within its margins, at 96 dpi.
    ...{ ...picture(`paper-${scheme}`, '', scheme), width: 720, whole: true },
    async reach(page) {
      await page.locator('.chart[data-drawn="true"]').nth(12).waitFor();
      await page.emulateMedia({ media: 'print', colorScheme: scheme });
      await page.evaluate(`window.dispatchEvent(new Event('beforeprint'))`);
    },
  },
]);

const failing: readonly Picture[] = schemes.flatMap((scheme) => [
  {
    ...picture(`stale-${scheme}`, '', scheme),
    reach: (page) => page.locator('body[data-state="stale"]').waitFor(),
  },
  {
    ...picture(`unavailable-${scheme}`, `?agent=${scheme}`, scheme),
    reach: (page) => page.locator('body[data-state="unavailable"]').waitFor(),
  },
]);

const lost = (stop: () => void): readonly Picture[] =>
  schemes.map((scheme) => ({
    ...picture(`lost-${scheme}`, '', scheme),
    async reach(page) {
      await page.locator('body[data-state="live"]').waitFor();
      stop();
      await page.locator('body[data-connection="lost"]').waitFor();
    },
  }));

/** Waits until a server that was killed is back. */
async function reachable(address: string): Promise<void> {
  for (;;) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(200);
  }
}

const reviewFolder = process.argv[process.argv.indexOf('--review') + 1];
const review = process.argv.includes('--review') && reviewFolder !== undefined;
const folder = review ? reviewFolder : path.join(import.meta.dirname, 'images');
mkdirSync(folder, { recursive: true });

const stack = await createTestStack();
try {
  const run = await stack.careplus(['up', '--keep-running']);
  if (run.code !== 0) throw new Error(run.stderr);
  const address = `${stack.env()['CAREPLUS_DASHBOARD_URL'] ?? ''}/`;
  const faults = createFaultsClient(stack.env()['CAREPLUS_AWS_ENDPOINT'] ?? '');
  await using browser = await launchBrowser();
  const takeAll = async (pictures: readonly Picture[]) => {
    for (const each of pictures) await take(browser, address, folder, each);
  };
  if (!review) {
    await takeAll([
      picture('tickets', '', 'light'),
      picture('logs', 'logs', 'dark'),
      picture('pipeline', 'pipeline', 'light'),
    ]);
  } else {
    const list = await browser.newPage();
    await openLive(list, `${address}tickets?status=Resolved`);
    const ticket = (await list.locator('#rows tbody th').first().textContent()) ?? '';
    await list.close();
    await takeAll([...everyPage(ticket), ...everyState]);
    const failure = { op: 'BatchExecuteStatement', action: 'failed-statement' } as const;
    await faults.add({ ...failure, match: 'tickets_by_agent', times: 100_000 });
    await takeAll(failing);
    await faults.clear();
    for (const each of lost(() => process.kill(stack.pid('dashboard'), 'SIGKILL'))) {
      await reachable(address);
      await take(browser, address, folder, each);
    }
  }
} finally {
  await stack.close();
}
