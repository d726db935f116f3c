import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFaultsClient } from '../../../infra/local/aws-endpoint/faults-client.ts';
import { writePolicies } from '../../../infra/local/aws-policies.ts';
import { createAwsResources } from '../../../infra/local/aws-resources.ts';
import { startPostgres, type Postgres } from '../../../infra/local/postgres.ts';
import { lookAtAll, type Finding } from '../../../operations/doctor/finding.ts';
import { daemonParts } from '../../../operations/doctor/rights/daemon-parts.ts';
import { parseConfig } from '../../../runtime/config/load-config.ts';
import type { Config } from '../../../runtime/config/config-schema.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import { createDataApi } from '../../../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../../../runtime/redshift/redshift-client.ts';
import type { PolicyStatement } from '../../../schemas/aws-policy.ts';
import { identities, isIdentity, type Identity } from '../../../schemas/daemon-rights.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';
import {
  startEndpointProcess,
  type EndpointProcess,
} from '../../conformance/endpoint-under-test.ts';
import { freePorts } from '../kafka/broker-process.ts';

const account = { region: 'us-east-1', bucket: 'careplus-lake', workgroup: 'careplus' };
const never = new AbortController().signal;

type Documents = Record<string, { Version: string; Statement: PolicyStatement[] }>;

/** An identity that lacks one right, under an access key of its own. */
interface Lack {
  readonly key: string;
  readonly identity: Identity;
  readonly action: string;
  /** ARN, or prefix of the bucket. */
  readonly resource: string;
  readonly statements: PolicyStatement[];
}

const PARTS = { s3: 'lake', firehose: 'delivery', 'redshift-data': 'warehouse' } as const;
const long = process.env['CAREPLUS_LONG'] === '1';
/** Those that differ most in what they may; all of them take a while. */
const LACKING: readonly Identity[] = long ? identities : ['archiver', 'warehouse-loader'];
/** Served by the endpoint; one that goes along with another action is told under that one. */
const TRIED = /^(s3|firehose|redshift-data):/;

let stateDir: string;
let postgres: Postgres;
let endpoint: EndpointProcess;
let config: Config;
let lacks: Lack[];

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-rights-'));
  const [port = 0] = await freePorts(1);
  postgres = await startPostgres({ stateDir, port });
  const file = path.join(stateDir, 'policies.json');
  writePolicies(file, account);
  const documents = JSON.parse(readFileSync(file, 'utf8')) as Documents;
  lacks = lackingOne(documents);
  const all = Object.fromEntries(
    lacks.map(({ key, statements }) => [key, { Version: '2012-10-17', Statement: statements }]),
  );
  writeFileSync(file, JSON.stringify({ ...documents, ...all }));
  endpoint = await startEndpointProcess(path.join(stateDir, 'aws'), [
    ...['--policies', file, '--warehouse-url', postgres.url],
  ]);
  await createAwsResources({ endpoint: endpoint.url, ...account, intervalSeconds: 0 });
  config = parseConfig(configText(endpoint.url), 'careplus.yaml');
  await makeTables();
}, 60_000);

afterAll(async () => {
  await endpoint.kill();
  await postgres.stop();
  rmSync(stateDir, { recursive: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Each document again and again, every time without one resource of one action. */
function lackingOne(documents: Documents): Lack[] {
  return Object.entries(documents).flatMap(([identity, { Statement }]) => {
    if (!isIdentity(identity) || !LACKING.includes(identity)) return [];
    return Statement.flatMap((statement, index) => {
      const { Action, Resource, Condition } = statement;
      const prefixes = [Condition?.['StringLikeIfExists']?.['s3:prefix'] ?? []].flat();
      return Action.filter((action) => TRIED.test(action)).flatMap((action) =>
        (prefixes.length > 0 ? prefixes : Resource).map((resource): Lack => {
          const rest: PolicyStatement =
            prefixes.length > 0
              ? {
                  ...statement,
                  Condition: {
                    StringLikeIfExists: { 's3:prefix': prefixes.filter((p) => p !== resource) },
                  },
                }
              : { ...statement, Resource: Resource.filter((each) => each !== resource) };
          const others = { ...statement, Action: Action.filter((each) => each !== action) };
          const kept = [{ ...rest, Action: [action] }, others];
          const statements = [
            ...Statement.slice(0, index),
            ...kept.filter((each) => each.Action.length > 0 && each.Resource.length > 0),
            ...Statement.slice(index + 1),
          ];
          const key = `${identity}/${index}/${action}/${resource}`.replace(/[^\w.-]/g, '_');
          return { key, identity, action, resource, statements };
        }),
      );
    });
  });
}

async function makeTables(): Promise<void> {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'owner');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  const client = createRedshiftDataClient(config.aws);
  const target = { workgroupName: 'careplus', database: 'careplus', secretArn: undefined };
  const api = createDataApi({ client, target });
  await migrate(api, readMigrations(), { log: createLog('test', 'silent'), signal: never });
  client.destroy();
}

/** What the doctor finds on AWS, signing by this key. */
async function findings(
  key: string,
  identity: Identity,
  wanted: readonly string[] = Object.values(PARTS),
): Promise<Finding[]> {
  vi.stubEnv('AWS_ACCESS_KEY_ID', key);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  const parts = daemonParts(config, identity).filter(({ name }) => wanted.includes(name));
  return lookAtAll(parts, never);
}

describe('a daemon with the rights of its role', () => {
  it.each([
    'archiver',
    'ticket-processor',
    'log-processor',
    'warehouse-loader',
    'dashboard',
    'operations',
  ] as const)('finds all of them: %s', async (identity) => {
    const found = await findings(identity, identity);
    expect(found.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });
});

describe('a right that is missing', () => {
  it('is found and named, whichever it is, and no other one', async () => {
    expect(lacks.length).toBeGreaterThan(long ? 40 : 20);
    for (const { key, identity, action, resource } of lacks) {
      const part = Object.entries(PARTS).filter(([service]) => action.startsWith(`${service}:`));
      const found = await findings(
        key,
        identity,
        part.map(([, name]) => name),
      );
      const wrong = found.filter(({ severity }) => severity !== 'ok');
      const refused = wrong.filter((each) => !each.found.startsWith('cannot tell'));
      expect(refused, key).toHaveLength(1);
      expect(refused[0], key).toMatchObject({ right: { daemon: identity, action } });
      const told = `${refused[0]?.right?.resource} ${refused[0]?.found}`;
      expect(told, key).toContain(resource.replace(/\*$/, '').split(/[:/]/).slice(-2).join('/'));
      // Only what asks through a statement stays untold without the right to read one.
      if (!action.startsWith('redshift-data:')) expect(wrong, key).toHaveLength(1);
    }
  }, 60_000);
});

describe('trying', () => {
  it('leaves nothing in the lake and sends nothing', async () => {
    for (const identity of ['archiver', 'warehouse-loader', 'operations'] as const) {
      await findings(identity, identity);
    }
    const credentials = { accessKeyId: 'owner', secretAccessKey: 'local' };
    const s3 = new S3Client({ endpoint: endpoint.url, region: account.region, credentials });
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: account.bucket }));
    s3.destroy();
    expect(KeyCount).toBe(0);
    const { delivered } = await createFaultsClient(endpoint.url).stats();
    expect(delivered).toEqual({});
  });
});

describe('the endpoint', () => {
  const client = (key: string) => ({
    ...{ endpoint: endpoint.url, region: account.region, maxAttempts: 1 },
    credentials: { accessKeyId: key, secretAccessKey: 'local' },
  });

  it('refuses before it looks at what is asked', async () => {
    const put = new PutRecordBatchCommand({
      DeliveryStreamName: supportTickets.stream,
      Records: Array.from({ length: 5 }, () => ({ Data: Buffer.alloc(900_000) })),
    });
    const stranger = new FirehoseClient(client('warehouse-loader'));
    await expect(stranger.send(put)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('warehouse-loader is not authorized') as unknown,
    });
    const sender = new FirehoseClient(client('archiver'));
    await expect(sender.send(put)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('tells that a key is missing only to who may list', async () => {
    const head = (key: string, Key: string) => {
      const s3 = new S3Client(client(key));
      return s3.send(new HeadObjectCommand({ Bucket: account.bucket, Key }));
    };
    await expect(head('operations', '_loader/x')).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
    await expect(head('log-processor', '_loader/x')).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });
});

function configText(address: string): string {
  return `version: 1
kafka: { brokers: ['127.0.0.1:1'] }
source: { name: shop, host: 127.0.0.1, user: reader }
datasets: { support-tickets: { database: care, table: tickets } }
aws: { region: ${account.region}, endpoint: '${address}', bucket: ${account.bucket} }
firehose: { intervalSeconds: 0 }
warehouse: { workgroup: careplus, database: careplus, copyRoleArn: 'arn:aws:iam::000000000000:role/copy' }
`;
}
