/** The two files by which the daemons and a person's own clients find the local stack. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Config, configSchema } from '../../runtime/config/config-schema.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import type { z } from 'zod';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { DEFAULT_BUCKET } from '../../schemas/lake-layout.ts';
import { logFoldersIn } from './log-folders.ts';
import type { Mariadb } from './mariadb.ts';
import type { StackPorts } from './ports.ts';
import type { Postgres } from './postgres.ts';

type TableConfig = Config['datasets'][string];

const HOST = '127.0.0.1';

/** Of the source server and of the host of the logs: part of every event's identity. */
const LOCAL_NAME = 'careplus-local';

/** Of the account that the local AWS endpoint plays. */
export const LOCAL_ACCOUNT = {
  region: 'us-east-1',
  bucket: DEFAULT_BUCKET,
  workgroup: 'careplus',
} as const;

/** Seconds that Firehose buffers locally; AWS allows 0 to 900. */
export const LOCAL_INTERVAL_SECONDS = 1;

export interface StackAddresses {
  readonly stateDir: string;
  readonly ports: StackPorts;
  readonly mariadb: Pick<Mariadb, 'admin' | 'reader'>;
  readonly postgres: Pick<Postgres, 'database' | 'url'>;
  readonly bi: { readonly url: string };
  /** Database of the captured tables. */
  readonly database: string;
  /** The datasets whose tables are captured. */
  readonly datasets: readonly TableDataset[];
  /** Folder of the server logs that are tailed; see {@link logFoldersIn}. */
  readonly logsDir: string;
}

export function pageUrl(ports: StackPorts): string {
  return `http://${HOST}:${ports.dashboard}`;
}

export function endpointUrl(ports: StackPorts): string {
  return `http://${HOST}:${ports.aws}`;
}

/** @returns path of the daemons' configuration in the state folder. */
export function configFile(stateDir: string): string {
  return path.join(stateDir, 'careplus.yaml');
}

/** Writes `careplus.yaml`: the same daemons as on AWS, with local addresses. */
export function writeConfigFile(addresses: StackAddresses): void {
  const { stateDir, ports, mariadb, postgres, database, datasets, logsDir } = addresses;
  const aliases = writtenAliases(configFile(stateDir));
  const config: z.input<typeof configSchema> = {
    version: 1,
    kafka: { brokers: [`${HOST}:${ports.kafka}`] },
    source: {
      name: LOCAL_NAME,
      host: HOST,
      port: ports.mariadb,
      user: mariadb.reader.user,
      passwordFile: path.resolve(mariadb.reader.passwordFile),
      heartbeatSeconds: 2,
      checkpointIntervalMs: 250,
    },
    logs: { host: LOCAL_NAME, files: logFoldersIn(logsDir), idleFlushMs: 1_000 },
    datasets: Object.fromEntries(
      datasets.map(({ name, sourceTable }) => [
        name,
        { database, table: sourceTable, ...aliases.get(name) },
      ]),
    ),
    aws: {
      region: LOCAL_ACCOUNT.region,
      endpoint: endpointUrl(ports),
      bucket: LOCAL_ACCOUNT.bucket,
    },
    firehose: { intervalSeconds: LOCAL_INTERVAL_SECONDS },
    archive: { intervalSeconds: 5 },
    warehouse: {
      workgroup: LOCAL_ACCOUNT.workgroup,
      database: postgres.database,
      copyRoleArn: 'arn:aws:iam::000000000000:role/careplus-copy',
    },
    loader: { cadenceMs: 500, discoveryMs: 200 },
    dashboard: { host: HOST, port: ports.dashboard },
    health: { host: HOST, ports: ports.health },
  };
  writeFileSync(configFile(stateDir), stringify(config));
}

/** Aliases that somebody wrote into the file of an earlier start, to cure a renamed column, by dataset. */
function writtenAliases(file: string): ReadonlyMap<string, Pick<TableConfig, 'aliases'>> {
  if (!existsSync(file)) return new Map();
  try {
    const datasets = Object.entries(loadConfig(file).datasets);
    return new Map(datasets.map(([name, { aliases }]) => [name, aliases ? { aliases } : {}]));
  } catch {
    // A file of another version, or with a slip: it is written anew.
    return new Map();
  }
}

/** Writes `env` (KEY=VALUE): how a person's own client connects. Holds passwords, so mode 600. */
export function writeEnvFile(addresses: StackAddresses): void {
  const { stateDir, ports, mariadb, postgres, bi, database, logsDir } = addresses;
  const values = {
    CAREPLUS_MYSQL_HOST: HOST,
    CAREPLUS_MYSQL_PORT: ports.mariadb,
    CAREPLUS_MYSQL_USER: mariadb.reader.user,
    CAREPLUS_MYSQL_PASSWORD: mariadb.reader.password,
    CAREPLUS_MYSQL_DATABASE: database,
    CAREPLUS_MYSQL_ADMIN_USER: mariadb.admin.user,
    CAREPLUS_MYSQL_ADMIN_PASSWORD: mariadb.admin.password,
    CAREPLUS_KAFKA_BROKERS: `${HOST}:${ports.kafka}`,
    CAREPLUS_LOGS_DIR: logsDir,
    CAREPLUS_WAREHOUSE_URL: postgres.url,
    CAREPLUS_BI_URL: bi.url,
    CAREPLUS_AWS_ENDPOINT: endpointUrl(ports),
    CAREPLUS_DASHBOARD_URL: pageUrl(ports),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  writeFileSync(path.join(stateDir, 'env'), `${lines.join('\n')}\n`, { mode: 0o600 });
}
