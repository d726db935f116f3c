import { z } from 'zod';
import { formatVersion } from '../../schemas/format-version.ts';
import { DEFAULT_BUCKET } from '../../schemas/lake-layout.ts';

const port = z.number().int().min(1).max(65535);

/** A secret: in a file, or in the environment variable that the docstring of its field names. */
const secretFile = z.string().min(1).optional();

const secretArn = z.string().startsWith('arn:').optional();

/** `true` trusts the authorities that Node knows; others are named by file or stand here as PEM. */
const tls = z
  .union([
    z.boolean(),
    z.strictObject({ caFile: z.string().min(1).optional(), ca: z.string().min(1).optional() }),
  ])
  .default(false);

export type TlsSetting = z.infer<typeof tls>;

const kafka = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^[^\s:]+:\d+$/, 'host:port'))
      .min(1)
      .optional(),
    ssl: tls,
    /** Instead of brokers: a cluster of MSK, whose brokers are looked up, with IAM and TLS. */
    clusterArn: z.string().startsWith('arn:').optional(),
    /** Of that cluster; by default the one in its ARN. */
    region: z.string().min(1).optional(),
  })
  .refine(({ brokers, clusterArn }) => (brokers === undefined) !== (clusterArn === undefined), {
    message: 'write either `brokers` or `clusterArn`',
  });

const source = z.strictObject({
  /** Name of the server in source ids. Never change it: it is part of every event's identity. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower case letters, digits and -'),
  host: z.string().min(1),
  port: port.default(3306),
  user: z.string().min(1),
  /** Or `passwordSecretArn`, or CAREPLUS_MYSQL_PASSWORD. */
  passwordFile: secretFile,
  passwordSecretArn: secretArn,
  /** Of the host by its name; an address is not accepted for it. */
  ssl: tls,
  /** Must differ from every other replica's and from the server's own. */
  serverId: z.number().int().min(1).max(4_294_967_295).default(7001),
  heartbeatSeconds: z.number().int().min(1).max(300).default(10),
  /** How often the position is written while only other tables change. */
  checkpointIntervalMs: z.number().int().min(100).max(600_000).default(1_000),
});

const table = z.strictObject({
  database: z.string().min(1),
  table: z.string().min(1),
  /** By field of the dataset: other names under which its column may stand in the table. */
  aliases: z.record(z.string(), z.array(z.string().min(1)).min(1)).optional(),
});

const logFiles = {
  /** Folder whose files are shipped, those below it left out. */
  directory: z.string().min(1).optional(),
  /** Files of `directory` by name: `*` and `?` stand for any characters. */
  include: z.string().min(1).default('*.log*'),
  /** Or paths, in which `*` and `?` stand for characters of one name. */
  paths: z.array(z.string().min(1)).min(1).optional(),
};

const isOneOf = (...values: readonly unknown[]) =>
  values.filter((value) => value !== undefined).length === 1;

const logs = z
  .strictObject({
    /** Name of the machine in event ids, by default its own. Never change it. */
    host: z.string().min(1).max(100).optional(),
    /** By log format, the files that have it. A file that several name belongs to the first. */
    files: z
      .record(
        z.string(),
        z.strictObject(logFiles).refine(({ directory, paths }) => isOneOf(directory, paths), {
          message: 'write either `directory` or `paths`',
        }),
      )
      .refine((files) => Object.keys(files).length > 0, { message: 'name a log format' })
      .optional(),
    /** Instead of `files`, where all are CarePlus' support logs. */
    ...logFiles,
    /** After so long without a new byte the end of a file is shipped as it stands. */
    idleFlushMs: z.number().int().min(100).max(600_000).default(2_000),
  })
  .refine(({ directory, paths, files }) => isOneOf(directory, paths, files), {
    message: 'write one of `directory`, `paths` and `files`',
  });

/** Requests are signed, not secret: without TLS they may not leave the machine. */
function isEncryptedOrLocal(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}

/** Addresses are told in logs and messages. */
function hasNoSecret(address: string): boolean {
  const { username, password } = new URL(address);
  return username === '' && password === '';
}

const aws = z.strictObject({
  region: z.string().min(1),
  /** Only for a local endpoint; on AWS leave it out. */
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine(isEncryptedOrLocal, { message: 'over the network only https' })
    .refine(hasNoSecret, { message: 'credentials stand in no address' })
    .optional(),
  bucket: z.string().min(3).default(DEFAULT_BUCKET),
});

const firehose = z.strictObject({
  /** Seconds, 0–900: what the delivery streams were created with. */
  intervalSeconds: z.number().int().min(0).max(900).default(60),
});

const archive = z.strictObject({
  /** Seconds between two copies of the topics into the lake's raw archive. */
  intervalSeconds: z.number().int().min(1).max(900).default(60),
});

const warehouse = z.strictObject({
  workgroup: z.string().min(1),
  database: z.string().min(1),
  /** Role with which COPY reads the lake. */
  copyRoleArn: z.string().startsWith('arn:'),
  secretArn: z.string().startsWith('arn:').optional(),
});

const loader = z.strictObject({
  /** Least time between the beginnings of two batches; the first object after a pause goes at once. */
  cadenceMs: z.number().int().min(100).max(3_600_000).default(60_000),
  discoveryMs: z.number().int().min(50).max(600_000).default(10_000),
});

/** A host that others reach asks for a token (or the variable of `openGate`). */
const access = {
  host: z.string().min(1).default('127.0.0.1'),
  tokenFile: secretFile,
  tokenSecretArn: secretArn,
};

const dashboard = z.strictObject({ ...access, port: port.default(8080) });

const health = z.strictObject({
  ...access,
  /** Port of /healthz, /readyz and /metrics by daemon; a daemon without one serves none. */
  ports: z.record(z.string(), port).default({}),
});

const embeddedMetrics = z.strictObject({
  /** CloudWatch namespace. */
  namespace: z.string().min(1).max(255).default('CarePlus'),
  intervalSeconds: z.number().int().min(1).max(3_600).default(60),
});

/** The whole of `careplus.yaml`. Strict: a name that is not here is an error. */
export const configSchema = z.strictObject({
  version: formatVersion(1),
  kafka,
  source,
  /** By dataset name: the table that it is read from. */
  datasets: z.record(z.string(), table),
  /** Log files of this machine; needed by `log-shipper` only. */
  logs: logs.optional(),
  aws,
  firehose: firehose.prefault({}),
  archive: archive.prefault({}),
  warehouse,
  loader: loader.prefault({}),
  dashboard: dashboard.prefault({}),
  health: health.prefault({}),
  /** Only where stdout goes to CloudWatch Logs: metrics stand in it too, in its embedded format. */
  embeddedMetrics: embeddedMetrics.optional(),
  /** Milliseconds that a daemon may take to finish what is in flight after SIGTERM. */
  drainMs: z.number().int().min(100).max(110_000).default(20_000),
});

export type Config = z.infer<typeof configSchema>;
export type KafkaConfig = Config['kafka'];
export type SourceConfig = Config['source'];
export type AwsConfig = Config['aws'];
