import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDeployment } from '../../../../infra/aws/deployment.ts';
import { featureFlags } from '../../../../infra/aws/feature-flags.ts';
import { openFindings } from '../../../../infra/aws/validation-report.ts';
import { awsFolder, example, synthesise, type Synthesised } from './fixtures/example-app.ts';

let app: Synthesised;
beforeAll(() => {
  app = synthesise(example);
}, 60_000);
afterAll(() => rmSync(app.outdir, { recursive: true, force: true }));

interface Accepted {
  readonly ruleName: string;
  readonly reason: string;
}

function acceptedFindings(): Accepted[] {
  const report = JSON.parse(
    readFileSync(path.join(app.outdir, 'validation-report.json'), 'utf8'),
  ) as { pluginReports: { suppressedViolations?: Accepted[] }[] };
  return report.pluginReports.flatMap((each) => each.suppressedViolations ?? []);
}

describe('synthesis', () => {
  test('asks no account for anything', () => {
    expect(app.missing).toEqual([]);
    expect(JSON.stringify([...app.resources.values()])).not.toContain('dummy');
  });

  test('leaves nothing open of cdk-nag and of CDK’s own validator', () => {
    expect(openFindings(app.outdir)).toEqual([]);
  });

  test('accepts findings of these kinds only, each with a reason', () => {
    const accepted = acceptedFindings();
    const kinds = new Set(accepted.map(({ ruleName }) => ruleName.replace(/\[.*/, '')));
    expect([...kinds].sort()).toEqual([
      'AwsSolutions-ECS2',
      'AwsSolutions-IAM5',
      'AwsSolutions-RDS11',
      'AwsSolutions-SMG4',
      'W3010',
    ]);
    for (const { reason } of accepted) expect(reason.length).toBeGreaterThan(20);
  });

  test('the cdk command gets the same feature flags', () => {
    const cdk = JSON.parse(readFileSync(path.join(awsFolder, 'cdk.json'), 'utf8')) as object;
    expect(cdk).toMatchObject({ context: featureFlags });
  });

  test('gives the same templates again, and other ones for a server that is there already', () => {
    const server = {
      kind: 'existing' as const,
      host: 'mysql.local',
      port: 3307,
      cidr: '10.9.0.0/16',
    };
    const other = parseDeployment({
      ...example,
      source: { ...example.source, server },
      dashboard: { certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/c' },
    });
    const [again, existing] = [synthesise(example), synthesise(other)];
    try {
      expect([...again.resources]).toEqual([...app.resources]);
      expect(openFindings(existing.outdir)).toEqual([]);
      expect(() => existing.all('AWS::RDS::DBInstance')).toThrow('no AWS::RDS::DBInstance');
      const rules = existing.all<{ ToPort?: number; CidrIp?: string }>('AWS::EC2::SecurityGroup');
      expect(JSON.stringify(rules)).toContain('"CidrIp":"10.9.0.0/16"');
      expect(existing.all('AWS::ElasticLoadBalancingV2::Listener')).toMatchObject([
        { Port: 443, Protocol: 'HTTPS' },
      ]);
    } finally {
      for (const { outdir } of [again, existing]) rmSync(outdir, { recursive: true, force: true });
    }
  }, 30_000);
});

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

const listOf = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

function statements(): Statement[] {
  const types = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'];
  return types.flatMap((type) =>
    app
      .all<{ PolicyDocument: { Statement: Statement[] } }>(type)
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
  );
}

describe('rights', () => {
  test('no action is a wildcard', () => {
    const actions = statements().flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('every resource is named, but where the API knows none', () => {
    const open = statements().filter(({ Resource }) => listOf(Resource).includes('*'));
    const allowed = open.map(({ Action, Condition }) => [listOf(Action).join(), Condition]);
    const distinct = [...new Set(allowed.map((each) => JSON.stringify(each)))].map(
      (each) => JSON.parse(each) as unknown,
    );
    expect(distinct).toEqual(
      expect.arrayContaining([
        ['ecr:GetAuthorizationToken', null],
        [
          'redshift-data:DescribeStatement,redshift-data:GetStatementResult,redshift-data:ListStatements',
          { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
        ],
      ]),
    );
    expect(distinct).toHaveLength(2);
  });

  test('no daemon may create, delete or alter a topic, a stream or a table of the catalogue', () => {
    const actions = new Set(statements().flatMap(({ Action }) => listOf(Action)));
    const forbidden = /Create|Delete|AlterTopic|AlterCluster|Update|PutBucket/;
    // The execution role's, for the containers' output.
    expect([...actions].filter((action) => forbidden.test(action))).toEqual([
      'logs:CreateLogStream',
    ]);
  });

  test('services assume roles for this account only', () => {
    const roles = app.all<{ RoleName?: string; AssumeRolePolicyDocument: object }>(
      'AWS::IAM::Role',
    );
    const named = roles.filter(({ RoleName = '' }) => RoleName !== 'careplus-execution');
    for (const { RoleName, AssumeRolePolicyDocument } of named) {
      if (RoleName === undefined) continue;
      expect(JSON.stringify(AssumeRolePolicyDocument), RoleName).toContain(
        '"aws:SourceAccount":"123456789012"',
      );
    }
    expect(named.length).toBeGreaterThan(8);
  });
});

describe('what cdk-nag does not look at', () => {
  test('the warehouse is private, routes through the VPC, asks for TLS and keeps its logs', () => {
    expect(app.all('AWS::RedshiftServerless::Workgroup')).toMatchObject([
      {
        PubliclyAccessible: false,
        EnhancedVpcRouting: true,
        BaseCapacity: 4,
        MaxCapacity: 8,
        ConfigParameters: [{ ParameterKey: 'require_ssl', ParameterValue: 'true' }],
      },
    ]);
    const [workgroup] = app.all<{ SubnetIds: unknown[] }>('AWS::RedshiftServerless::Workgroup');
    expect(workgroup?.SubnetIds).toHaveLength(3);
    const [namespace] = app.all<object>('AWS::RedshiftServerless::Namespace');
    expect(namespace).toMatchObject({
      ManageAdminPassword: true,
      LogExports: ['userlog', 'connectionlog', 'useractivitylog'],
    });
    expect(namespace).not.toHaveProperty('AdminUserPassword');
  });

  test('the broker takes IAM over TLS and nobody else', () => {
    expect(app.all('AWS::MSK::Cluster')).toMatchObject([
      {
        ClientAuthentication: {
          Sasl: { Iam: { Enabled: true } },
          Unauthenticated: { Enabled: false },
        },
        EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
        NumberOfBrokerNodes: 3,
        EnhancedMonitoring: 'DEFAULT',
      },
    ]);
    const [cluster] = app.all<{ BrokerNodeGroupInfo: object }>('AWS::MSK::Cluster');
    // Express refuses it.
    expect(cluster?.BrokerNodeGroupInfo).not.toHaveProperty('StorageInfo');
  });

  test('Athena’s results are encrypted, limited, and in a place that no table reads', () => {
    const [workgroup] = app.all<{ WorkGroupConfiguration: { ResultConfiguration: object } }>(
      'AWS::Athena::WorkGroup',
    );
    expect(workgroup).toMatchObject({
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        ResultConfiguration: {
          OutputLocation: `s3://${example.bucket}/_athena/`,
          EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
        },
      },
    });
  });

  test('the source writes the binlog that the reader needs, and speaks TLS only', () => {
    expect(app.all('AWS::RDS::DBParameterGroup')).toMatchObject([
      {
        Family: 'mysql8.4',
        Parameters: {
          binlog_format: 'ROW',
          binlog_row_image: 'full',
          binlog_row_metadata: 'full',
          'gtid-mode': 'ON',
          enforce_gtid_consistency: 'ON',
          require_secure_transport: '1',
        },
      },
    ]);
    expect(app.all('AWS::RDS::DBInstance')).toMatchObject([
      {
        BackupRetentionPeriod: 7,
        DeletionProtection: true,
        MultiAZ: true,
        PubliclyAccessible: false,
        StorageEncrypted: true,
      },
    ]);
  });

  test('nothing comes in from everywhere', () => {
    const groups = app.all<{ SecurityGroupIngress?: { CidrIp?: string }[] }>(
      'AWS::EC2::SecurityGroup',
    );
    const ranges = groups.flatMap(({ SecurityGroupIngress = [] }) =>
      SecurityGroupIngress.map(({ CidrIp }) => CidrIp),
    );
    expect(ranges).not.toContain('0.0.0.0/0');
    expect(new Set(ranges)).toEqual(new Set(['10.40.0.0/16', '10.0.0.0/16']));
  });

  test('the pages are inside the network', () => {
    expect(app.all('AWS::ElasticLoadBalancingV2::LoadBalancer')).toMatchObject([
      { Scheme: 'internal' },
    ]);
  });
});

describe('lifetime', () => {
  test('data outlives its stack, and a first deployment that failed leaves nothing behind', () => {
    const kept = [
      'AWS::S3::Bucket',
      'AWS::MSK::Cluster',
      'AWS::MSK::Topic',
      'AWS::RedshiftServerless::Namespace',
      'AWS::RDS::DBInstance',
    ];
    for (const { Type, DeletionPolicy } of app.resources.values()) {
      if (kept.includes(Type)) expect(DeletionPolicy, Type).toBe('RetainExceptOnCreate');
    }
  });

  test('the lake is encrypted, versioned and closed; the archive gets cold, never away', () => {
    const [lake] = app
      .all<{ BucketName: string; LifecycleConfiguration: { Rules: Rule[] } }>('AWS::S3::Bucket')
      .filter(({ BucketName }) => BucketName === example.bucket);
    expect(lake).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
    });
    const rules = lake?.LifecycleConfiguration.Rules ?? [];
    const raw = rules.filter(({ Prefix = '' }) => Prefix.includes('raw/'));
    expect(raw.map(({ Prefix }) => Prefix)).toEqual(['support-tickets/raw/', 'support-logs/raw/']);
    expect(raw).toMatchObject([
      { Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }] },
      { Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }] },
    ]);
    const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
    expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['_loader/manifests/', '_athena/']);
  });
});

interface Rule {
  readonly Prefix?: string;
  readonly ExpirationInDays?: number;
}
