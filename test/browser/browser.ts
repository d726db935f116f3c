import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { findChromium } from '../../infra/local/programs.mjs';

/** Without background requests of its own: a test must see the page's alone. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Debian's Chromium, headless, with a profile of its own. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium: node setup.mjs --for tests');
  // Chromium refuses its sandbox to root, in whose name containers run.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...flags, ...sandbox] });
}

/** What a page did that it should not: errors, and requests to anybody but its own server. */
export interface Conduct {
  readonly errors: string[];
  readonly foreignRequests: string[];
}

/** Watches every page of a context from now on. */
export function watchConduct(context: BrowserContext, address: string): Conduct {
  const conduct: Conduct = { errors: [], foreignRequests: [] };
  context.on('request', (request) => {
    if (!request.url().startsWith(address)) conduct.foreignRequests.push(request.url());
  });
  context.on('page', (page) => {
    page.on('pageerror', ({ message }) => conduct.errors.push(message));
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') conduct.errors.push(line.text());
    });
  });
  return conduct;
}

/** Opens a page and waits until it shows figures. */
export async function openLive(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator('body[data-state="live"]').waitFor();
}
