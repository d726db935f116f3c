import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createFaultsClient } from '../../../infra/local/aws-endpoint/faults-client.ts';
import { abortableSleep } from '../../../runtime/abortable-wait.ts';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import { createDataApi } from '../../../runtime/redshift/data-api.ts';
import { createDatasetLoader } from '../../../warehouse-loader/dataset-loader.ts';
import { createLoaderMetrics } from '../../../warehouse-loader/loader-metrics.ts';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';
import { dataset, firehoseKey, imagesQuery, openParquetWriter } from './lake-images.ts';
import { BUCKET, credentials, startLakeServers, type LakeServers } from './lake-servers.ts';

let servers: LakeServers;
let parquet: Awaited<ReturnType<typeof openParquetWriter>>;

beforeAll(async () => {
  servers = await startLakeServers();
  parquet = await openParquetWriter();
});

afterAll(async () => {
  parquet.close();
  await servers[Symbol.asyncDispose]();
});

/** Calls of the Data API that the loader makes. */
const calls = ['BatchExecuteStatement', 'ExecuteStatement', 'DescribeStatement'];

/**
 * The real times are two minutes until a call is given up, and half a minute at most between two
 * turns; here both are a hundred times as short, so the outage is one of hours.
 */
test('a warehouse that is away for longer than every retry, first with a reply lost, gets each batch once', async () => {
  await using cleanup = new AsyncDisposableStack();
  const { database, s3, url } = servers;
  const redshift = new RedshiftDataClient({ region: 'eu-central-1', endpoint: url, credentials });
  cleanup.defer(() => redshift.destroy());
  const target = { workgroupName: 'careplus', database: 'careplus' };
  const api = createDataApi({ client: redshift, target, giveUpMs: 1_200, backoffMs: 2 });
  const log = pino({ level: 'silent' });
  await migrate(api, readMigrations(), { log, signal: AbortSignal.timeout(30_000) });

  const faults = createFaultsClient(url);
  const registry = new Registry();
  const pauses: number[] = [];
  const progress = createProgress();
  const loader = createDatasetLoader({
    ...{ api, s3, bucket: BUCKET, dataset, log, token: 'the only one' },
    ...{ cadenceMs: 100, discoveryMs: 20, holeAfterMs: 1_000 },
    copyRoleArn: 'arn:aws:iam::123456789012:role/copy',
    metrics: createLoaderMetrics(registry),
    progress,
    clock: {
      now: Date.now,
      elapsed: () => performance.now(),
      sleep: (ms, signal) => {
        if (ms > 20) pauses.push(ms);
        return abortableSleep(ms > 20 ? ms / 100 : ms, signal);
      },
    },
  });
  const stop = new AbortController();
  cleanup.defer(() => stop.abort());
  await loader.start(stop.signal);

  const lost = { op: 'BatchExecuteStatement', match: 'COPY copied', action: 'drop-after' } as const;
  await faults.add(lost);
  for (const op of calls) await faults.add({ op, action: 'error', times: 1_000_000 });
  const image = (seq: number, ticket: string) =>
    ({ source: 'shop.care.away', seq, kind: '+', ticket, status: 'Open' }) as const;
  const end = { source: 'shop.care.away', seq: 2, kind: 'E' } as const;
  const first = firehoseKey(new Date(), 1);
  await servers.put(first, await parquet.write(imagesQuery([image(1, 'A'), end])));
  const running = loader.run(stop.signal, stop.signal).catch(() => undefined);

  const failures = async () => {
    const { values } = await (
      registry.getSingleMetric('careplus_loader_errors_total') ?? {
        get: async () => ({ values: [] }),
      }
    ).get();
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  await vi.waitFor(async () => expect(await failures()).toBeGreaterThanOrEqual(3), {
    timeout: 20_000,
  });
  // What comes meanwhile waits with it.
  await servers.put(firehoseKey(new Date(), 2), await parquet.write(imagesQuery([image(3, 'B')])));
  const before = await failures();
  await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(before), {
    timeout: 20_000,
  });
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
  expect(progress.troubles.get(dataset.name)).toMatchObject({ code: 'WH_5003' });

  await faults.clear();
  await vi.waitFor(
    async () => {
      const { rows } = await database.query<{ ticket_id: string }>(
        `SELECT ticket_id FROM careplus.tickets WHERE source = 'shop.care.away' ORDER BY 1`,
      );
      expect(rows).toEqual([{ ticket_id: 'A' }, { ticket_id: 'B' }]);
    },
    { timeout: 20_000 },
  );
  const { rows: runs } = await database.query(
    `SELECT b.batch_id FROM ops.ticket_batches b JOIN ops.ticket_ledger l ON l.batch_id = b.batch_id
      WHERE l.object_key = $1 AND b.check_name = 'fence'`,
    [first],
  );
  expect(runs).toHaveLength(1);
  const { rows: history } = await database.query<{ seq: string }>(
    `SELECT seq FROM careplus.ticket_changes WHERE source = 'shop.care.away' ORDER BY seq`,
  );
  expect(history.map(({ seq }) => Number(seq))).toEqual([1, 2, 3]);
  await vi.waitFor(() => expect([...progress.troubles]).toEqual([]));
  stop.abort();
  await running;
});
