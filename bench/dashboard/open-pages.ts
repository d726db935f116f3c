import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { dashboard } from '../../dashboards/web/main.ts';
import { parseConfig } from '../../runtime/config/load-config.ts';
import { createProgress } from '../../runtime/daemon/progress.ts';
import { launchBrowser } from '../../test/browser/browser.ts';
import { freePort } from '../../test/integration/dashboard/local-warehouse.ts';

/** A page server in front of a warehouse, and a browser that opens its pages. */
interface OpenPageServer extends AsyncDisposable {
  /**
   * Opens an address as somebody who was never here.
   *
   * @returns milliseconds from navigation to figures painted, by the browser's clock.
   */
  open(address: Address): Promise<number>;
  /** Milliseconds until the document of a page is there, without a browser. */
  read(address: Address): Promise<number>;
}

interface Address {
  readonly path: string;
  /** What was never asked for is read while the viewer waits. */
  readonly query: string;
}

/** Says when figures have been painted: whoever asks from outside would measure how often it asks. */
const markPainted = `
document.addEventListener('DOMContentLoaded', () => {
  const look = () => {
    if (document.body.dataset.state !== 'live') return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (document.documentElement.dataset.paintedMs = performance.now())));
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { attributeFilter: ['data-state'] });
  look();
});`;

/**
 * Starts a page server and Chromium. The pages as a whole stand ready there, as in every server
 * that runs.
 *
 * @param lake address and bucket of the endpoint that plays AWS.
 */
export async function openPageServer(lake: {
  readonly endpoint: string;
  readonly bucket: string;
}): Promise<OpenPageServer> {
  await using started = new AsyncDisposableStack();
  const port = await freePort();
  const config = parseConfig(
    `version: 1
kafka: { brokers: ['127.0.0.1:1'] } # nobody there: the pages do without
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: {}
aws: { region: eu-central-1, endpoint: '${lake.endpoint}', bucket: ${lake.bucket} }
warehouse: { workgroup: careplus, database: careplus, copyRoleArn: 'arn:aws:iam::000000000000:role/copy' }
dashboard: { port: ${port} }
`,
    'careplus.yaml',
  );
  const progress = createProgress();
  const context = { config, log: pino({ level: 'silent' }), metrics: new Registry(), progress };
  const daemon = await dashboard.build(context);
  started.defer(() => daemon.close());
  const stop = new AbortController();
  const running = daemon.run(stop.signal).catch(() => undefined);
  started.defer(async () => {
    stop.abort();
    await running;
  });
  const server = `http://127.0.0.1:${port}`;
  while (!progress.ready) await delay(10);
  for (const page of ['tickets', 'logs', 'pipeline']) await fetch(`${server}/api/${page}`);
  const browser = await launchBrowser();
  started.defer(() => browser.close());
  const opened = started.move();
  return {
    async open({ path, query }) {
      const page = await browser.newPage();
      await page.addInitScript(markPainted);
      await page.goto(`${server}${path}${query === '' ? '' : `?${query}`}`);
      const painted = page.locator('html[data-painted-ms]');
      await painted.waitFor({ state: 'attached' });
      const ms = Number(await painted.getAttribute('data-painted-ms'));
      await page.close();
      return ms;
    },
    async read({ path, query }) {
      const begun = performance.now();
      const answer = await fetch(
        `${server}/api/${path === '/' ? 'tickets' : path.slice(1)}?${query}`,
      );
      await answer.json();
      return performance.now() - begun;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
