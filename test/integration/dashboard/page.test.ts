import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { dashboard } from '../../../dashboards/web/main.ts';
import type { TicketsDocument } from '../../../dashboards/web/feeds/ticket-feed.ts';
import { parseConfig } from '../../../runtime/config/load-config.ts';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import type { Daemon } from '../../../runtime/daemon/run-daemon.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { latestBatchKey } from '../../../schemas/lake-layout.ts';
import { freePort, startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const BUCKET = 'careplus-stored-data';

describe('the page of a running warehouse', () => {
  const stop = new AbortController();
  let warehouse: LocalWarehouse;
  let s3: S3Client;
  let daemon: Daemon;
  let running: Promise<unknown>;
  let address: string;
  let batch = 0;

  /** What the loader does after a batch. */
  async function announceBatch(): Promise<void> {
    batch += 1;
    await s3.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: latestBatchKey(supportTickets),
        Body: JSON.stringify({ batch_id: `batch-${batch}`, seq: 41 }),
      }),
    );
  }

  async function document(): Promise<TicketsDocument> {
    const response = await fetch(`${address}api/tickets`);
    return (await response.json()) as TicketsDocument;
  }

  beforeAll(async () => {
    await using resources = new AsyncDisposableStack();
    warehouse = await startLocalWarehouse();
    resources.defer(() => warehouse.close());
    s3 = new S3Client({ region: 'eu-central-1', endpoint: warehouse.url });
    resources.defer(() => s3.destroy());
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const port = await freePort();
    address = `http://127.0.0.1:${port}/`;
    const config = parseConfig(
      `version: 1
kafka: { brokers: ['127.0.0.1:1'] } # nobody there: the page must do without
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: {}
aws: { region: eu-central-1, endpoint: '${warehouse.url}', bucket: ${BUCKET} }
warehouse:
  workgroup: careplus
  database: careplus
  copyRoleArn: arn:aws:iam::000000000000:role/copy
dashboard: { port: ${port} }
`,
      'careplus.yaml',
    );
    const progress = createProgress();
    daemon = await dashboard.build({
      config,
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
      progress,
    });
    resources.defer(() => daemon.close());
    resources.defer(() => stop.abort());
    running = daemon.run(stop.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(progress.ready).toBe(true));
    const started = resources.move();
    return () => started.disposeAsync();
  }, 60_000);

  it('shows an empty warehouse before the first batch', async () => {
    expect(await document()).toMatchObject({
      dataset: 'tickets',
      state: 'live',
      batch: null,
      completeUpToMs: 1_760_000_000_000,
      books: { read: 0 },
    });
    const page = await fetch(address);
    expect(await page.text()).toContain('<h1>');
  });

  it('shows each batch live, without being asked again', async () => {
    const response = await fetch(`${address}api/events`);
    const events = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) {
        const { value, done } = (await events?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended before ${wanted}`);
        text += value;
      }
    };
    await until('"state":"live"');
    await warehouse.putRows([
      { ticket_id: 'T1' },
      { ticket_id: 'T2', accepted: 0, reasons: 'agent:missing' },
    ]);
    await announceBatch();
    await until('"batch_id":"batch-1"');
    await events?.cancel();

    const shown = await document();
    expect(shown.measures['tickets_shown']?.value).toBe(1);
    expect(shown.quarantine).toEqual([
      {
        reasons: 'agent:missing',
        count: 1,
        meaning: [
          {
            field: 'agent',
            reason: 'missing',
            sentence: expect.stringContaining('NULL or blank') as string,
          },
        ],
      },
    ]);
  });

  it('keeps its last truth while the warehouse fails, and comes back by itself', async () => {
    const rename = (from: string, to: string) =>
      warehouse.database.query(`ALTER VIEW reporting.${from} RENAME TO ${to}`);
    await rename('ticket_books', 'gone');
    await announceBatch();
    await expect
      .poll(async () => (await document()).state, { timeout: 10_000, interval: 200 })
      .toBe('stale');
    const stale = await document();
    expect(stale).toMatchObject({ problem: { code: 'WH_5001' }, batch: { batch_id: 'batch-1' } });
    expect(stale.measures['tickets_shown']?.value).toBe(1);

    await rename('gone', 'ticket_books');
    await expect
      .poll(async () => (await document()).state, { timeout: 10_000, interval: 200 })
      .toBe('live');
    expect((await document()).batch).toMatchObject({ batch_id: 'batch-2' });
  });

  it('ends with its signal and frees its port', async () => {
    stop.abort();
    expect(await running).toMatchObject({ name: 'AbortError' });
    await daemon.close();
    await daemon.close();
    await expect(fetch(address)).rejects.toThrow();
  });
});
