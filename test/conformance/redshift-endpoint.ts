import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
  type BatchExecuteStatementCommandInput,
  type DescribeStatementResponse,
  type ExecuteStatementCommandInput,
  type Field,
} from '@aws-sdk/client-redshift-data';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { EndpointStats } from '../../infra/local/aws-endpoint/endpoint-stats.ts';
import { Faults } from '../../infra/local/aws-endpoint/faults.ts';
import { createRedshiftDataService } from '../../infra/local/aws-endpoint/redshift/data-api.ts';
import { prepareWarehouse } from '../../infra/local/aws-endpoint/redshift/warehouse.ts';
import { ObjectStore } from '../../infra/local/aws-endpoint/s3/object-store.ts';
import { createS3Service } from '../../infra/local/aws-endpoint/s3/s3-service.ts';
import { startEndpoint, type Endpoint } from '../../infra/local/aws-endpoint/server.ts';
import type { JsonCall, JsonService } from '../../infra/local/aws-endpoint/service.ts';
import { startPostgres } from '../../infra/local/postgres.ts';

/** The real thing, or another endpoint, by address: the cases that need knobs are left out then. */
const address = process.env['CAREPLUS_CONFORMANCE_ENDPOINT'];

export const isLocal = address === undefined;

const environment = (name: string, otherwise: string): string =>
  process.env[`CAREPLUS_CONFORMANCE_${name}`] ?? otherwise;

/** What only the endpoint has that the tests start themselves. */
interface LocalParts {
  readonly faults: Faults;
  readonly postgresUrl: string;
  /** Ends the service and starts another one on the same PostgreSQL. */
  restart(): Promise<void>;
}

/** A Redshift workgroup and a lake, by unchanged SDK clients. */
export interface RedshiftUnderTest {
  readonly client: RedshiftDataClient;
  readonly target: { readonly WorkgroupName: string; readonly Database: string };
  readonly bucket: string;
  readonly roleArn: string;
  /** A schema of this run's own. */
  readonly schema: string;
  /** @throws when the endpoint was given by address. */
  readonly local: LocalParts;
  putObject(key: string, body: Uint8Array): Promise<void>;
  /** Runs one statement to its end. */
  execute(
    sql: string,
    input?: Partial<ExecuteStatementCommandInput>,
  ): Promise<DescribeStatementResponse>;
  /** Runs a batch to its end. */
  batch(
    sqls: readonly string[],
    input?: Partial<BatchExecuteStatementCommandInput>,
  ): Promise<DescribeStatementResponse>;
  /** Rows of a query, by plain values. @throws when it fails. */
  rows(sql: string): Promise<unknown[][]>;
  close(): Promise<void>;
}

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

export async function openRedshift(): Promise<RedshiftUnderTest> {
  const local = address === undefined ? await startLocal() : undefined;
  const endpoint = local?.url ?? address ?? '';
  const region = process.env['AWS_REGION'] ?? 'us-east-1';
  const isLoopback = new URL(endpoint).hostname === '127.0.0.1';
  const config = isLoopback ? { endpoint, region, credentials } : { endpoint, region };
  const client = new RedshiftDataClient({ ...config, maxAttempts: 3 });
  // In AWS each service has an address of its own.
  const s3 = new S3Client(isLoopback ? config : { region });
  const bucket = environment('BUCKET', 'careplus-stored-data');
  const target = {
    WorkgroupName: environment('WORKGROUP', 'careplus'),
    Database: environment('DATABASE', 'careplus'),
  };
  if (local) await s3.send(new CreateBucketCommand({ Bucket: bucket }));

  const ended = async (id: string | undefined): Promise<DescribeStatementResponse> => {
    for (;;) {
      const state = await client.send(
        new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 20 }),
      );
      if (['FINISHED', 'FAILED', 'ABORTED'].includes(state.Status ?? '')) return state;
    }
  };
  const execute: RedshiftUnderTest['execute'] = async (sql, input = {}) => {
    const command = new ExecuteStatementCommand({ ...target, Sql: sql, ...input });
    return ended((await client.send(command)).Id);
  };

  const under: RedshiftUnderTest = {
    client,
    target,
    bucket,
    roleArn: environment('ROLE_ARN', 'arn:aws:iam::000000000000:role/careplus-copy'),
    schema: `conformance_${randomBytes(4).toString('hex')}`,
    get local(): LocalParts {
      if (!local) throw new Error('the endpoint was given by address');
      return local;
    },
    async putObject(key, body) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    execute,
    async batch(sqls, input = {}) {
      const command = new BatchExecuteStatementCommand({ ...target, Sqls: [...sqls], ...input });
      return ended((await client.send(command)).Id);
    },
    async rows(sql) {
      const state = await execute(sql);
      if (state.Status !== 'FINISHED') throw new Error(state.Error);
      const page = await client.send(new GetStatementResultCommand({ Id: state.Id }));
      return (page.Records ?? []).map((record) => record.map(fieldValue));
    },
    async close() {
      client.destroy();
      s3.destroy();
      await local?.close();
    },
  };
  await under.execute(`CREATE SCHEMA IF NOT EXISTS ${under.schema}`);
  return under;
}

/** The one value that a field holds; null for NULL. */
function fieldValue(field: Field): unknown {
  return field.isNull ? null : Object.values(field).find((value) => value !== undefined);
}

async function startLocal(): Promise<LocalParts & { url: string; close(): Promise<void> }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'careplus-redshift-'));
  const postgres = await startPostgres({ stateDir, port: await freePort() });
  await prepareWarehouse(postgres.url);
  const faults = new Faults();
  const stats = new EndpointStats();
  const store = await ObjectStore.open(join(stateDir, 's3'));
  const createService = (): JsonService =>
    createRedshiftDataService({
      connectionString: postgres.url,
      fetchObject: (bucket, key) => store.read(bucket, key),
      listKeys: async (bucket, prefix) =>
        (await store.list(bucket)).map(({ key }) => key).filter((key) => key.startsWith(prefix)),
      faults,
    });
  let service = createService();
  const endpoint: Endpoint = await startEndpoint({
    port: 0,
    services: new Map([
      [
        'redshift-data',
        {
          targetPrefix: service.targetPrefix,
          accesses: (call: Omit<JsonCall, 'signal'>) => service.accesses(call),
          call: (call: JsonCall) => service.call(call),
          close: () => service.close(),
        },
      ],
    ]),
    s3: createS3Service({ store, faults, stats }),
    faults,
    stats,
    onError: (error) => process.stderr.write(`endpoint: ${String(error)}\n`),
  });
  return {
    url: endpoint.url,
    faults,
    postgresUrl: postgres.url,
    async restart() {
      await service.close();
      service = createService();
    },
    async close() {
      await endpoint.close();
      await postgres.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
