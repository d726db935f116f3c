/**
 * Takes the pictures of the pages that the documentation shows: `npm run screenshots`. Starts a
 * local stack of its own with generated tickets and logs, and ends it.
 */
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { launchBrowser, openLive } from '../test/browser/browser.ts';
import { createTestStack } from '../test/e2e/local-stack.ts';

const folder = path.join(import.meta.dirname, 'images');

const pictures = [
  { file: 'tickets.png', page: '', colorScheme: 'light' },
  { file: 'logs.png', page: 'logs', colorScheme: 'light' },
  { file: 'pipeline.png', page: 'pipeline', colorScheme: 'light' },
] as const;

const stack = await createTestStack();
try {
  const run = await stack.careplus(['up', '--keep-running']);
  if (run.code !== 0) throw new Error(run.stderr);
  const address = `${stack.env()['CAREPLUS_DASHBOARD_URL'] ?? ''}/`;
  const browser = await launchBrowser();
  mkdirSync(folder, { recursive: true });
  for (const { file, page: name, colorScheme } of pictures) {
    const page = await browser.newPage({
      colorScheme,
      reducedMotion: 'reduce',
      viewport: { width: 1200, height: 860 },
    });
    await openLive(page, address + name);
    await page.locator('#empty').waitFor({ state: 'hidden' });
    const target = path.join(folder, file);
    await page.screenshot({ path: target });
    await page.close();
    console.log(`${file}: ${Math.ceil(statSync(target).size / 1024)} KiB`);
  }
  await browser.close();
} finally {
  await stack.close();
}
