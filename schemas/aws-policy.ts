/** The rights of a daemon in the words of IAM. */
import type { DaemonRights, KafkaRights, LakeRights } from './daemon-rights.ts';

/** A statement of an IAM policy document; all of ours allow. */
export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

export type KafkaResource = 'topic' | 'group' | 'transactional-id';

/** ARNs of what the rights are on. */
export interface PolicyTargets {
  readonly bucket: string;
  readonly stream: (name: string) => string;
  readonly kafkaCluster: string;
  readonly kafka: (kind: KafkaResource, name: string) => string;
  readonly workgroup: string;
  readonly readerSecret: string;
  readonly pageToken: string;
}

/** @returns what the role of a daemon with these rights allows. */
export function policyStatements(rights: DaemonRights, targets: PolicyTargets): PolicyStatement[] {
  const { kafka, lake, warehouse, delivers = [], describesDelivery = [] } = rights;
  const { source = false, pages = false } = rights;
  return [
    ...(kafka ? kafkaStatements(kafka, targets) : []),
    ...(lake ? lakeStatements(lake, targets.bucket) : []),
    ...allow(
      ['firehose:PutRecordBatch'],
      delivers.map(({ stream }) => targets.stream(stream)),
    ),
    ...allow(
      ['firehose:DescribeDeliveryStream'],
      describesDelivery.map(({ stream }) => targets.stream(stream)),
    ),
    ...(warehouse ? warehouseStatements(targets.workgroup) : []),
    ...(source ? allow(['secretsmanager:GetSecretValue'], [targets.readerSecret]) : []),
    ...(pages ? allow(['secretsmanager:GetSecretValue'], [targets.pageToken]) : []),
  ];
}

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement[] {
  if (resources.length === 0) return [];
  return [{ Effect: 'Allow', Action: [...actions], Resource: [...resources] }];
}

function kafkaStatements(
  rights: KafkaRights,
  { kafkaCluster, kafka }: PolicyTargets,
): PolicyStatement[] {
  const { describes = [], reads = [], writes = [], asksSettings = [] } = rights;
  const { joins = [], watches = [], transactionalIds = [] } = rights;
  const on = (kind: KafkaResource, names: readonly string[]) =>
    names.map((name) => kafka(kind, name));
  const topicArns = (...lists: (typeof reads)[]) =>
    on('topic', [...new Set(lists.flat().map(({ name }) => name))]);
  const cluster = (action: string) => `kafka-cluster:${action}`;
  return [
    // The client asks MSK where its brokers are.
    ...allow(['kafka:GetBootstrapBrokers'], [kafkaCluster]),
    ...allow([cluster('Connect'), cluster('DescribeCluster')], [kafkaCluster]),
    ...(transactionalIds.length > 0
      ? allow([cluster('WriteDataIdempotently')], [kafkaCluster])
      : []),
    ...allow([cluster('DescribeTopic')], topicArns(describes, reads, writes, asksSettings)),
    ...allow([cluster('ReadData')], topicArns(reads)),
    ...allow([cluster('WriteData')], topicArns(writes)),
    ...allow([cluster('DescribeTopicDynamicConfiguration')], topicArns(asksSettings)),
    ...allow([cluster('DescribeGroup')], on('group', [...joins, ...watches])),
    ...allow([cluster('AlterGroup')], on('group', joins)),
    ...allow(
      [cluster('DescribeTransactionalId'), cluster('AlterTransactionalId')],
      on('transactional-id', transactionalIds),
    ),
  ];
}

function lakeStatements(
  { lists = [], gets = [], puts = [] }: LakeRights,
  bucket: string,
): PolicyStatement[] {
  const objects = (keys: readonly string[]) => keys.map((key) => `${bucket}/${key}`);
  const statements = [
    ...allow(['s3:GetObject'], objects(gets)),
    ...allow(['s3:PutObject'], objects(puts)),
  ];
  if (lists.length === 0) return statements;
  return [
    ...statements,
    {
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: [bucket],
      // If it exists: a GET of a missing key names no prefix, and is answered 404 only to those
      // who may list; without this right it would be 403, which means something else.
      Condition: { StringLikeIfExists: { 's3:prefix': lists.map((prefix) => `${prefix}*`) } },
    },
  ];
}

function warehouseStatements(workgroup: string): PolicyStatement[] {
  return [
    ...allow(
      [
        'redshift-data:ExecuteStatement',
        'redshift-data:BatchExecuteStatement',
        'redshift-serverless:GetCredentials',
      ],
      [workgroup],
    ),
    // Statements are no resources in IAM: their owner is the limit (Redshift management guide).
    {
      Effect: 'Allow',
      Action: [
        'redshift-data:DescribeStatement',
        'redshift-data:GetStatementResult',
        'redshift-data:ListStatements',
      ],
      Resource: ['*'],
      Condition: {
        StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' },
      },
    },
  ];
}
