/** Rights as IAM statements. */
import { Fn } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { DaemonRights, KafkaRights, LakeRights } from './daemons.ts';
import type { Deployment } from './deployment.ts';
import { bucketArn, streamArn } from './names.ts';

export interface Targets {
  readonly kafkaClusterArn: string;
  readonly workgroupArn: string;
  readonly readerSecretArn: string;
  readonly pageTokenArn: string;
}

/** @returns the statements of a task's role. */
export function rightsStatements(
  deployment: Deployment,
  rights: DaemonRights,
  targets: Targets,
): PolicyStatement[] {
  const { kafka, lake, delivers = [], describesDelivery = [] } = rights;
  const { warehouse = false, source = false, pages = false } = rights;
  return [
    ...(kafka ? kafkaStatements(kafka, targets.kafkaClusterArn) : []),
    ...(lake ? lakeStatements(lake, bucketArn(deployment)) : []),
    ...allow(
      ['firehose:PutRecordBatch'],
      delivers.map(({ stream }) => streamArn(deployment, stream)),
    ),
    ...allow(
      ['firehose:DescribeDeliveryStream'],
      describesDelivery.map(({ stream }) => streamArn(deployment, stream)),
    ),
    ...(warehouse ? warehouseStatements(targets.workgroupArn) : []),
    ...(source ? allow(['secretsmanager:GetSecretValue'], [targets.readerSecretArn]) : []),
    ...(pages ? allow(['secretsmanager:GetSecretValue'], [targets.pageTokenArn]) : []),
  ];
}

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement[] {
  if (resources.length === 0) return [];
  return [new PolicyStatement({ actions: [...actions], resources: [...resources] })];
}

function kafkaStatements(rights: KafkaRights, clusterArn: string): PolicyStatement[] {
  const { describes = [], reads = [], writes = [], asksSettings = [] } = rights;
  const { joins = [], watches = [], transactionalIds = [] } = rights;
  const on = (kind: KafkaResource, names: readonly string[]) =>
    names.map((name) => kafkaArn(clusterArn, kind, name));
  const topicArns = (...lists: (typeof reads)[]) =>
    on('topic', [...new Set(lists.flat().map(({ name }) => name))]);
  const cluster = (action: string) => `kafka-cluster:${action}`;
  return [
    // The client asks MSK where its brokers are.
    ...allow(['kafka:GetBootstrapBrokers'], [clusterArn]),
    ...allow([cluster('Connect'), cluster('DescribeCluster')], [clusterArn]),
    ...(transactionalIds.length > 0 ? allow([cluster('WriteDataIdempotently')], [clusterArn]) : []),
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

type KafkaResource = 'topic' | 'group' | 'transactional-id';

/** `…:cluster/NAME/UUID` → `…:topic/NAME/UUID/…`; the UUID is known only inside the ARN. */
function kafkaArn(clusterArn: string, kind: KafkaResource, name: string): string {
  const parts = Fn.split(':cluster/', clusterArn);
  return Fn.join('', [Fn.select(0, parts), `:${kind}/`, Fn.select(1, parts), `/${name}`]);
}

function lakeStatements({ lists = [], gets = [], puts = [] }: LakeRights, bucket: string) {
  const objects = (keys: readonly string[]) => keys.map((key) => `${bucket}/${key}`);
  const statements = [
    ...allow(['s3:GetObject'], objects(gets)),
    ...allow(['s3:PutObject'], objects(puts)),
  ];
  if (lists.length === 0) return statements;
  return [
    ...statements,
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket],
      // If it exists: a GET of a missing key names no prefix, and is answered 404 only to those
      // who may list; without this right it would be 403, which means something else.
      conditions: { StringLikeIfExists: { 's3:prefix': lists.map((prefix) => `${prefix}*`) } },
    }),
  ];
}

function warehouseStatements(workgroupArn: string): PolicyStatement[] {
  return [
    ...allow(
      [
        'redshift-data:ExecuteStatement',
        'redshift-data:BatchExecuteStatement',
        'redshift-serverless:GetCredentials',
      ],
      [workgroupArn],
    ),
    // Statements are no resources in IAM: their owner is the limit (Redshift management guide).
    new PolicyStatement({
      actions: [
        'redshift-data:DescribeStatement',
        'redshift-data:GetStatementResult',
        'redshift-data:ListStatements',
      ],
      resources: ['*'],
      conditions: {
        StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' },
      },
    }),
  ];
}
