import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Admin, Kafka } from 'kafkajs';
import { z } from 'zod';
import { settleWithin, waitAtMost } from '../../runtime/abortable-wait.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { createCheckpointStore } from '../../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { errorText } from '../../runtime/pipeline-error.ts';
import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { readerCheckpointSchema, shipperCheckpointSchema } from '../../schemas/checkpoint.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { unmappedColumns } from '../../schemas/datasets/projection.ts';
import { announcementVersion } from '../../schemas/format-version.ts';
import { latestBatchKey } from '../../schemas/lake-layout.ts';
import { topics } from '../../schemas/topics.ts';
import { planOf } from '../../warehouse-loader/load-plan.ts';
import { placesOf } from '../verify/log-coverage.ts';
import { listLogFiles } from '../verify/log-files.ts';
import { logTargetsOf } from '../verify/log-verification.ts';
import { connectSource, currentGtid } from '../verify/source-connection.ts';
import { readColumns, type TableName } from '../verify/source-table.ts';
import { targetsOf } from '../verify/verification.ts';
import { readTopic } from './read-kafka.ts';
import {
  epochProgress,
  fileProgress,
  quarantineRow,
  quarantineSql,
  verificationRow,
  verificationsSql,
} from './warehouse-rows.ts';
import type {
  Answer,
  DaemonReading,
  HoleReading,
  SourceReading,
  StatusReadings,
} from './readings.ts';

export interface StatusOptions {
  readonly api: DataApi;
  readonly signal: AbortSignal;
  /** How long a hop may take to answer, in milliseconds. */
  readonly answerMs: number;
}

/** Asks every hop at once; one that does not answer delays no other. */
export async function readStatus(config: Config, options: StatusOptions): Promise<StatusReadings> {
  const { api, signal, answerMs } = options;
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config.kafka, { clientId: 'careplus-operations', log });
  const s3 = createS3(config);
  // Not after the first failure: the client would try for a minute.
  const admin = kafka.admin({ retry: { retries: 1, initialRetryTime: 100 } });
  const ask = async <T>(read: () => Promise<T>): Promise<Answer<T>> => {
    try {
      return { answers: true, value: await waitAtMost(read(), answerMs) };
    } catch (error) {
      signal.throwIfAborted();
      return { answers: false, why: errorText(error) };
    }
  };
  const query = async (sql: string) => (await api.query(sql, { signal })).rows;
  const connected = admin.connect();
  // Who needs it awaits it, and tells.
  connected.catch(() => undefined);
  const topicOf = (dataset: Parameters<typeof readTopic>[2]) =>
    ask(async () => {
      await connected;
      return readTopic(kafka, admin, dataset, signal);
    });
  const warehouseOf = async <T>(dataset: AnyDataset, read: (row: WarehouseRow) => T) => {
    const plan = planOf(dataset);
    const [batch, progress, holes] = await Promise.all([
      ask(() => readLatestBatch(s3, config.aws.bucket, dataset, signal)),
      ask(async () => (await query(plan.progressQuery)).map(read)),
      ask(async () =>
        (await query(plan.holesQuery)).map((row): HoleReading => ({
          place: Object.values(plan.holePlace(row)).join('/'),
          from: Number(row['missing_from']),
          to: Number(row['missing_to']),
        })),
      ),
    ]);
    return { batch, progress, holes };
  };

  try {
    const [server, daemons, quarantine, verifications, tables, logs] = await Promise.all([
      ask(() => readSource(config, signal)),
      readDaemons(config, ask, signal),
      ask(async () => (await query(quarantineSql)).map(quarantineRow)),
      ask(async () => (await query(verificationsSql)).map(verificationRow)),
      Promise.all(
        targetsOf(config).map(async ({ dataset, source, table }) => {
          const [unmapped, checkpoint, topic, warehouse] = await Promise.all([
            ask(() => readUnmapped(config, dataset, table, signal)),
            ask(() => readCheckpoint(kafka, source, signal)),
            topicOf(dataset),
            warehouseOf(dataset, epochProgress),
          ]);
          return { dataset: dataset.shortName, source, unmapped, checkpoint, topic, ...warehouse };
        }),
      ),
      Promise.all(
        logTargetsOf(config).map(async ({ dataset, host, ...names }) => {
          const [shipped, listed, topic, warehouse] = await Promise.all([
            ask(() => readPlaces(kafka, host, signal)),
            ask(() => listLogFiles(names)),
            topicOf(dataset),
            warehouseOf(dataset, fileProgress),
          ]);
          const files = bothAnswers(shipped, listed, (places, found) =>
            placesOf({ dataset }, found, places).map(({ file, place }) => ({ ...file, place })),
          );
          return { dataset: dataset.shortName, host, files, topic, ...warehouse };
        }),
      ),
    ]);
    return {
      atMs: Date.now(),
      intervalMs: Math.max(1, config.firehose.intervalSeconds) * 1_000,
      heartbeatMs: config.source.heartbeatSeconds * 1_000,
      ...{ daemons, server, tables, logs, quarantine, verifications },
    };
  } finally {
    s3.destroy();
    await settleWithin(disconnect(admin, connected), CLOSE_MS);
  }
}

const CLOSE_MS = 1_000;

async function disconnect(admin: Admin, connected: Promise<void>): Promise<void> {
  await connected;
  await admin.disconnect();
}

function bothAnswers<A, B, C>(a: Answer<A>, b: Answer<B>, join: (a: A, b: B) => C): Answer<C> {
  if (!a.answers) return a;
  return b.answers ? { answers: true, value: join(a.value, b.value) } : b;
}

function createS3({ aws }: Config): S3Client {
  return new S3Client({
    region: aws.region,
    maxAttempts: 1,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint, forcePathStyle: true }),
  });
}

/** Of this source alone: what stands under another's key is not its matter. */
async function readCheckpoint(kafka: Kafka, source: string, signal: AbortSignal) {
  const store = createCheckpointStore(kafka, {
    topic: topics.readerCheckpoints.name,
    parse: (json) => readerCheckpointSchema.parse(json),
    log: createLog('careplus', 'silent'),
  });
  return (await store.readLatest((key) => key === source, signal)).get(source);
}

async function readPlaces(kafka: Kafka, host: string, signal: AbortSignal) {
  const store = createCheckpointStore(kafka, {
    topic: topics.shipperCheckpoints.name,
    parse: (json) => shipperCheckpointSchema.parse(json),
    log: createLog('careplus', 'silent'),
  });
  const places = await store.readLatest((key) => key.startsWith(`${host}/`), signal);
  return [...places.values()].filter((place) => place.host === host);
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function readSource({ source }: Config, signal: AbortSignal): Promise<SourceReading> {
  await using connection = await connectSource(source, signal);
  const gtid = await currentGtid(connection);
  const rows = await connection.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days')",
  );
  const value = (name: string) =>
    Number(rows.find((row) => row['Variable_name'] === name)?.['Value'] ?? 0);
  // RDS has a setting of its own, whatever the variables say; elsewhere there is no such table.
  const [rds] = await connection
    .query("SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'")
    .catch(() => []);
  const retentionMs =
    Number(rds?.['value'] ?? 0) * HOUR_MS ||
    value('binlog_expire_logs_seconds') * 1_000 ||
    value('expire_logs_days') * DAY_MS;
  return { gtid, binlogRetentionMs: retentionMs === 0 ? null : retentionMs };
}

async function readUnmapped(
  { source }: Config,
  { mapping }: TableDataset,
  table: TableName,
  signal: AbortSignal,
): Promise<string[]> {
  await using connection = await connectSource(source, signal);
  const columns = await readColumns(connection, table);
  return unmappedColumns(
    mapping,
    columns.map(({ name }) => name),
  );
}

/** Only where the daemons run on this very machine, as in the local stack. */
async function readDaemons(
  { health }: Config,
  ask: <T>(read: () => Promise<T>) => Promise<Answer<T>>,
  signal: AbortSignal,
): Promise<StatusReadings['daemons']> {
  if (health.host !== '127.0.0.1') return {};
  const answers = await Promise.all(
    Object.entries(health.ports).map(async ([name, port]) => {
      const url = `http://${health.host}:${port}/healthz`;
      const read = async (): Promise<DaemonReading> => {
        const response = await fetch(url, { signal });
        const { troubles } = healthSchema.parse(await response.json());
        return { moves: response.ok, troubles };
      };
      return [name, await ask(read)] as const;
    }),
  );
  return Object.fromEntries(answers);
}

/** What `/healthz` answers. */
const healthSchema = z.object({
  troubles: z.record(z.string(), z.object({ code: z.string(), message: z.string() })),
});

const latestBatchSchema = z.looseObject({ version: announcementVersion, loaded_at_ms: z.number() });

/** @returns when the loader's last batch ended, epoch ms; null before the first. */
async function readLatestBatch(
  s3: S3Client,
  bucket: string,
  dataset: AnyDataset,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    const object = new GetObjectCommand({ Bucket: bucket, Key: latestBatchKey(dataset) });
    const { Body } = await s3.send(object, { abortSignal: signal });
    const text = (await Body?.transformToString('utf8')) ?? '';
    return latestBatchSchema.parse(JSON.parse(text)).loaded_at_ms;
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return null;
    throw error;
  }
}
