import { GetObjectCommand } from '@aws-sdk/client-s3';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { vi } from 'vitest';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../../infra/local/aws-endpoint/faults-client.ts';
import { createDataApi, type DataApi } from '../../../runtime/redshift/data-api.ts';
import type { LakeDataset } from '../../../schemas/datasets/lake-dataset.ts';
import { latestBatchKey } from '../../../schemas/lake-layout.ts';
import { dataset, firehoseKey, imagesQuery, openParquetWriter, type Image } from './lake-images.ts';
import {
  BUCKET,
  credentials,
  startLakeServers,
  type LakeServers,
  type LogLine,
  type Prepare,
} from './lake-servers.ts';

export type { RunningLoader } from './lake-servers.ts';

/** The servers with what tests ask of them. */
export interface LocalLake extends Omit<LakeServers, 's3'> {
  readonly api: DataApi;
  readonly faults: FaultsClient;
  /** Puts the images as one object, as Firehose would. @returns its key. */
  deliver(images: readonly Image[], at?: Date): Promise<string>;
  /** The bytes of a Parquet file with the rows of a query in DuckDB's SQL. */
  parquet(query: string): Promise<Uint8Array>;
  /** A key as Firehose gives it, never the same twice. */
  newKey(at?: Date): string;
  /** What the loader last announced, of the tickets unless another dataset is asked for. */
  latest(of?: LakeDataset): Promise<LogLine | undefined>;
  /** Waits until the frontier of a source stands there and is shown. */
  frontier(source: string, seq: number): Promise<void>;
  /** status by ticket, as shown. */
  tickets(source: string): Promise<Readonly<Record<string, string>>>;
  /** Outcome and reason of an object. */
  ledger(key: string): Promise<readonly { outcome: string; reason: string | null }[]>;
}

export async function startLocalLake(prepare?: Prepare): Promise<LocalLake> {
  await using starting = new AsyncDisposableStack();
  const servers = starting.use(await startLakeServers(prepare));
  const { url, database, s3 } = servers;
  const redshift = new RedshiftDataClient({ region: 'eu-central-1', endpoint: url, credentials });
  starting.defer(() => redshift.destroy());
  const writer = await openParquetWriter();
  starting.defer(() => writer.close());

  let objects = 0;
  const newKey = (at = new Date()) => firehoseKey(at, (objects += 1));
  const running = starting.move();
  return {
    ...{ url, database, newKey },
    put: (key, body) => servers.put(key, body),
    startLoader: (options) => servers.startLoader(options),
    restartEndpoint: () => servers.restartEndpoint(),
    get endpointExit() {
      return servers.endpointExit;
    },
    api: createDataApi({
      client: redshift,
      target: { workgroupName: 'careplus', database: 'careplus' },
    }),
    faults: createFaultsClient(url),
    parquet: (query) => writer.write(query),
    async deliver(images, at) {
      const key = newKey(at);
      await servers.put(key, await writer.write(imagesQuery(images)));
      return key;
    },
    async latest(of = dataset) {
      const Key = latestBatchKey(of);
      try {
        const object = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        return JSON.parse((await object.Body?.transformToString()) ?? '') as LogLine;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async frontier(source, seq) {
      await vi.waitFor(
        async () => {
          const { rows } = await database.query<{ seq: string }>(
            'SELECT seq FROM ops.ticket_frontier WHERE source = $1 AND shown = 1',
            [source],
          );
          const at = rows[0]?.seq;
          if (Number(at) !== seq) throw new Error(`${source} stands at ${at ?? 'nothing'}`);
        },
        { timeout: 25_000, interval: 25 },
      );
    },
    async tickets(source) {
      const { rows } = await database.query<{ ticket_id: string; status: string }>(
        'SELECT ticket_id, status FROM careplus.tickets WHERE source = $1',
        [source],
      );
      return Object.fromEntries(rows.map(({ ticket_id, status }) => [ticket_id, status]));
    },
    async ledger(key) {
      const { rows } = await database.query<{ outcome: string; reason: string | null }>(
        'SELECT outcome, reason FROM ops.ticket_ledger WHERE object_key = $1',
        [key],
      );
      return rows;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
