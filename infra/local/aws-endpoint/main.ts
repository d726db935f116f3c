import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { glueTable } from '../../../schemas/lake-layout.ts';
import { createAuthorizer } from './authorization/authorizer.ts';
import { parsePolicies, type Policies } from './authorization/policy-documents.ts';
import { EndpointStats } from './endpoint-stats.ts';
import { Faults } from './faults.ts';
import { createFirehoseService } from './firehose/firehose-service.ts';
import { createRedshiftDataService } from './redshift/data-api.ts';
import { ObjectStore } from './s3/object-store.ts';
import { createS3Service } from './s3/s3-service.ts';
import { type Endpoint, startEndpoint } from './server.ts';
import type { JsonService } from './service.ts';

const USAGE = `Usage: node infra/local/aws-endpoint/main.ts --port N --state DIR [options]

The local AWS endpoint: S3, Firehose and the Redshift Data API on one port of 127.0.0.1.

  --port N               port to listen on; 0 takes a free one
  --state DIR            folder for everything that must survive the process
  --warehouse-url URL    PostgreSQL behind the Redshift Data API; without it (or the environment
                         variable CAREPLUS_WAREHOUSE_URL) that service is not there
  --policies FILE        IAM policy documents by access key id; a key without one may do everything
  --database-users       statements of a key with a document run as the database user iamr:careplus-KEY
  --only NAMES           comma-separated services to run: s3, firehose, redshift-data

When it listens it prints one JSON line: {"url":"http://127.0.0.1:N","port":N,"services":[…]}.
SIGTERM ends it with exit code 0; a second one ends it at once.`;

const EXIT_FAULT = 1;
const EXIT_BAD_CONFIGURATION = 78;

const serviceNames = ['s3', 'firehose', 'redshift-data'] as const;
type ServiceName = (typeof serviceNames)[number];

const settingsSchema = z.object({
  port: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.number().max(65_535)),
  state: z.string().min(1),
  warehouseUrl: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  policies: z.string().min(1).transform(readPolicies).optional(),
  databaseUsers: z.boolean().default(false),
  only: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(z.enum(serviceNames)))
    .optional(),
});

type Settings = z.infer<typeof settingsSchema>;

function readPolicies(file: string): Policies {
  return parsePolicies(JSON.parse(readFileSync(file, 'utf8')));
}

function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      state: { type: 'string' },
      'warehouse-url': { type: 'string' },
      policies: { type: 'string' },
      'database-users': { type: 'boolean' },
      only: { type: 'string' },
    },
  });
  const parsed = settingsSchema.safeParse({
    port: values.port,
    state: values.state,
    warehouseUrl: values['warehouse-url'] ?? process.env['CAREPLUS_WAREHOUSE_URL'],
    policies: values.policies,
    databaseUsers: values['database-users'],
    only: values.only,
  });
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const settings = parsed.data;
  if (settings.only?.includes('redshift-data') && settings.warehouseUrl === undefined) {
    throw new Error('redshift-data needs a warehouse: give --warehouse-url');
  }
  return settings;
}

async function start(settings: Settings): Promise<Endpoint> {
  const isWanted = (name: ServiceName) => settings.only?.includes(name) ?? true;
  const authorizer = createAuthorizer(settings.policies);
  const faults = new Faults();
  const stats = new EndpointStats();
  const store = await ObjectStore.open(join(settings.state, 's3'));
  const services = new Map<string, JsonService>();
  if (isWanted('firehose')) {
    const firehose = await createFirehoseService({
      folder: join(settings.state, 'firehose'),
      glueTables: [...tableDatasets, ...logDatasets].map(glueTable),
      store,
      faults,
      stats,
      onError: report,
    });
    services.set('firehose', firehose);
  }
  if (isWanted('redshift-data') && settings.warehouseUrl !== undefined) {
    const redshift = createRedshiftDataService({
      connectionString: settings.warehouseUrl,
      fetchObject: (bucket, key) => store.read(bucket, key),
      listKeys: async (bucket, prefix) =>
        (await store.list(bucket)).map(({ key }) => key).filter((key) => key.startsWith(prefix)),
      faults,
      databaseUser: (caller) =>
        settings.databaseUsers && settings.policies?.has(caller)
          ? `iamr:careplus-${caller}`
          : undefined,
    });
    services.set('redshift-data', redshift);
  }
  return startEndpoint({
    port: settings.port,
    services,
    authorizer,
    s3: isWanted('s3') ? createS3Service({ authorizer, store, faults, stats }) : undefined,
    faults,
    stats,
    onError: report,
  });
}

function report(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${JSON.stringify({ level: 'error', time: Date.now(), msg: text })}\n`);
}

async function main(): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    return;
  }
  const endpoint = await start(settings);
  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(EXIT_FAULT);
    isStopping = true;
    endpoint.close().then(
      () => process.exit(0),
      (error: unknown) => {
        report(error);
        process.exit(EXIT_FAULT);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const { url, port, services } = endpoint;
  process.stdout.write(`${JSON.stringify({ url, port, services })}\n`);
}

main().catch((error: unknown) => {
  report(error);
  process.exit(EXIT_FAULT);
});
