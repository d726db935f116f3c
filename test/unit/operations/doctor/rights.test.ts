import { FirehoseClient } from '@aws-sdk/client-firehose';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, test } from 'vitest';
import type { BrokerCalls } from '../../../../operations/doctor/rights/broker-calls.ts';
import { kafkaRights } from '../../../../operations/doctor/rights/broker-rights.ts';
import { streamRights } from '../../../../operations/doctor/rights/delivery-rights.ts';
import { bucketRights } from '../../../../operations/doctor/rights/lake-rights.ts';
import { rightsPart, type Right } from '../../../../operations/doctor/rights/right.ts';
import { statementRights } from '../../../../operations/doctor/rights/warehouse-rights.ts';
import { policyStatements } from '../../../../schemas/aws-policy.ts';
import { daemonRights, identities, type Identity } from '../../../../schemas/daemon-rights.ts';

const rights = daemonRights({
  sourceName: 'shop',
  tables: { 'support-tickets': { database: 'care', table: 'tickets' } },
  logHosts: ['web-1'],
});
const never = new AbortController().signal;
const region = 'eu-central-1';

/**
 * What the doctor does not try by itself: where the brokers are is asked by every connection; a
 * statement that is run takes credentials; nothing that a daemon does asks for a description of the
 * cluster; secrets have a part of their own.
 */
const otherwise = new Set([
  'kafka:GetBootstrapBrokers',
  'kafka-cluster:Connect',
  'kafka-cluster:DescribeCluster',
  'redshift-serverless:GetCredentials',
  'secretsmanager:GetSecretValue',
]);

/** Action and resource of everything that the role of a daemon allows, sorted. */
function allowed(identity: Identity): string[] {
  const named = (name: string) => name;
  const statements = policyStatements(rights[identity], {
    ...{ bucket: 's3://lake', kafkaCluster: 'the cluster', workgroup: 'workgroup w' },
    stream: (name) => `stream ${name}`,
    kafka: (kind, name) => `${kind.replace('-', ' ')} ${name}`,
    ...{ readerSecret: named('reader'), pageToken: named('page') },
  });
  const pairs = statements.flatMap(({ Action, Resource, Condition }) =>
    Action.flatMap((action) => {
      const prefixes = [Condition?.['StringLikeIfExists']?.['s3:prefix'] ?? []].flat();
      const resources = prefixes.map((prefix) => `s3://lake/${prefix.replace(/\*$/, '')}`);
      return (resources.length > 0 ? resources : Resource).map((resource) => [action, resource]);
    }),
  );
  return pairs
    .filter(([action = '']) => !otherwise.has(action))
    .map(([action = '', resource = '']) =>
      // Statements are no resources of IAM.
      resource === '*' ? `${action} on workgroup w` : `${action} on ${resource}`,
    )
    .sort();
}

/** What the doctor tries of it. */
function tried(identity: Identity): string[] {
  const {
    kafka = {},
    lake = {},
    delivers = [],
    describesDelivery = [],
    warehouse,
  } = rights[identity];
  const target = { WorkgroupName: 'w', Database: 'd' };
  const all = [
    ...kafkaRights(kafka, () => Promise.reject(new Error('not opened'))),
    ...bucketRights(lake, new S3Client({ region }), 'lake'),
    ...streamRights({ delivers, describesDelivery }, new FirehoseClient({ region })),
    ...(warehouse ? statementRights(new RedshiftDataClient({ region }), target) : []),
  ];
  return all.map(({ action, resource }) => `${action} on ${resource}`).sort();
}

test.each(identities)('the doctor tries each right that the role of %s allows', (identity) => {
  expect(tried(identity)).toEqual(allowed(identity));
  expect(tried(identity).length).toBeGreaterThan(4);
});

describe('a right', () => {
  const right = (over: Partial<Right>): Right => ({
    ...{ action: 's3:PutObject', resource: 's3://lake/x', grant: 'allow it' },
    refusal: async () => undefined,
    ...over,
  });
  const look = (over: Partial<Right>, first?: Right) =>
    rightsPart({
      ...{ name: 'lake', identity: 'archiver', rights: [right(over)] },
      ...(first && { first }),
      close: async () => undefined,
    }).look(never);

  it('that is missing is told with daemon, action, resource and cure', async () => {
    expect(await look({ refusal: async () => 'Access Denied' })).toEqual([
      {
        severity: 'error',
        found: 'archiver may not s3:PutObject on s3://lake/x: Access Denied',
        cure: 'Deploy the role of archiver as infra/aws makes it; elsewhere: allow it',
        right: { daemon: 'archiver', action: 's3:PutObject', resource: 's3://lake/x' },
      },
    ]);
  });

  it('that cannot be told is an error too, not a right', async () => {
    const [finding] = await look({ refusal: () => Promise.reject(new Error('NoSuchBucket')) });
    expect(finding).toMatchObject({
      severity: 'error',
      found: 'cannot tell whether archiver may s3:PutObject on s3://lake/x: NoSuchBucket',
    });
  });

  it('is not tried where the way in is barred', async () => {
    const barred = right({ action: 'Connect', refusal: async () => 'no login' });
    const findings = await look({}, barred);
    expect(findings).toMatchObject([{ severity: 'error', right: { action: 'Connect' } }]);
    expect(await look({}, right({ action: 'Connect' }))).toHaveLength(2);
  });
});

describe('a right on the broker', () => {
  const answer = (type: string, code: number) => {
    const refused = Object.assign(new Error(type), { type, code });
    const calls = { write: () => Promise.reject(refused) } as unknown as BrokerCalls;
    const topic = rights.archiver.kafka?.reads?.slice(0, 1) ?? [];
    const tries = kafkaRights({ writes: topic }, async () => calls);
    const write = tries.find(({ action }) => action === 'kafka-cluster:WriteData');
    return write?.refusal(never);
  };

  it('is missing when the broker says so, and unknown when it says something else', async () => {
    await expect(answer('TOPIC_AUTHORIZATION_FAILED', 29)).resolves.toBe(
      'TOPIC_AUTHORIZATION_FAILED',
    );
    await expect(answer('UNKNOWN_TOPIC_OR_PARTITION', 3)).rejects.toThrow('UNKNOWN_TOPIC');
  });
});
