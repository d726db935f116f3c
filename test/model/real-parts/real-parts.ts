import {
  CreateBucketCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type pg from 'pg';
import { pino } from 'pino';
import {
  createFaultsClient,
  type FaultsClient,
} from '../../../infra/local/aws-endpoint/faults-client.ts';
import { createDataApi } from '../../../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { planOf } from '../../../warehouse-loader/load-plan.ts';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';
import { loadName } from '../../../warehouse-loader/take-over.ts';
import { credentials, startLakeServers } from '../../integration/warehouse/lake-servers.ts';
import { emptyWarehouse } from '../warehouse-database.ts';
import { openObjectWriter, type ObjectWriter } from './lake-objects.ts';

/** One warehouse and one endpoint for many plays. */
export interface RealParts extends AsyncDisposable {
  readonly url: string;
  readonly database: pg.Client;
  readonly faults: FaultsClient;
  readonly writer: ObjectWriter;
  /** Empties the warehouse's tables and forgets all faults. @returns the name of a new, empty bucket. */
  begin(): Promise<string>;
  /** How often each batch was committed. */
  commits(): Promise<ReadonlyMap<string, number>>;
  put(bucket: string, key: string, body: string | Uint8Array): Promise<void>;
  /** The text of an object, if it is there. */
  get(bucket: string, key: string): Promise<string | undefined>;
  /**
   * Kills the endpoint behind the commit of the next batch and starts it again.
   *
   * @returns once it is there again.
   */
  crashEndpoint(): Promise<void>;
}

export async function openRealParts(dataset: AnyDataset): Promise<RealParts> {
  await using starting = new AsyncDisposableStack();
  const servers = starting.use(await startLakeServers());
  const writer = starting.use(await openObjectWriter(dataset));
  const { url, database, s3 } = servers;
  // The plays need no durability of the database.
  await database.query('ALTER SYSTEM SET synchronous_commit = off');
  await database.query('SELECT pg_reload_conf()');
  const redshift = new RedshiftDataClient({ region: 'eu-central-1', endpoint: url, credentials });
  starting.defer(() => redshift.destroy());
  const api = createDataApi({
    client: redshift,
    target: { workgroupName: 'careplus', database: 'careplus' },
  });
  const log = pino({ level: 'silent' });
  await migrate(api, readMigrations(), { log, signal: AbortSignal.timeout(60_000) });

  const faults = createFaultsClient(url);
  let plays = 0;
  let reborn: Promise<void> | undefined;
  const running = starting.move();
  return {
    ...{ url, database, writer, faults },
    async begin() {
      await faults.clear().catch(() => reborn);
      while ((await api.running(loadName(dataset))).length > 0);
      await emptyWarehouse(database);
      plays += 1;
      const bucket = `play-${plays}`;
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      return bucket;
    },
    async commits() {
      const { rows } = await database.query<{ batch_id: string; times: string }>(
        `SELECT batch_id, count(*) AS times FROM ${planOf(dataset).tables.batches} WHERE check_name = 'fence' GROUP BY batch_id`,
      );
      return new Map(rows.map(({ batch_id: id, times }) => [id, Number(times)]));
    },
    async put(Bucket, Key, Body) {
      const command = new PutObjectCommand({ Bucket, Key, Body });
      await s3.send(command).catch(async () => {
        await reborn;
        return s3.send(command);
      });
    },
    async get(Bucket, Key) {
      try {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async crashEndpoint() {
      // A play that failed may have left an earlier one waiting.
      reborn ??= servers.endpointExit
        .then(() => servers.restartEndpoint())
        .finally(() => (reborn = undefined));
      await faults.add({
        ...{ op: 'BatchExecuteStatement', action: 'crash-after', match: 'COPY copied' },
      });
      await reborn;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
