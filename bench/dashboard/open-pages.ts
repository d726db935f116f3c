import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { dashboard } from '../../dashboards/web/main.ts';
import { parseConfig } from '../../runtime/config/load-config.ts';
import { createProgress } from '../../runtime/daemon/progress.ts';
import { launchBrowser, openLive } from '../../test/browser/browser.ts';
import { freePort } from '../../test/integration/dashboard/local-warehouse.ts';

interface Address {
  readonly path: string;
  /** As in the address; nothing for all. */
  readonly query: string;
}

/** Milliseconds from navigation to figures on screen. */
export interface OpenedPage extends Address {
  readonly ms: number;
}

/**
 * Opens pages in Chromium in front of a page server of its own. The pages as a whole stand ready
 * there, as in every server that runs; any other address is asked for the first time.
 *
 * @param lake address and bucket of the endpoint that plays AWS.
 */
export async function openPages(
  addresses: readonly Address[],
  lake: { readonly endpoint: string; readonly bucket: string },
): Promise<readonly OpenedPage[]> {
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
  const opened: OpenedPage[] = [];
  for (const address of addresses) {
    const page = await browser.newPage();
    const begun = performance.now();
    await openLive(page, `${server}${address.path}?${address.query}`);
    opened.push({ ...address, ms: performance.now() - begun });
    await page.close();
  }
  return opened;
}
