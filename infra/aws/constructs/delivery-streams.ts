import { RemovalPolicy } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { streamDefinition, type StreamDefinition } from '../../../schemas/lake-layout.ts';
import { acknowledge } from '../acknowledge.ts';
import type { Deployment } from '../deployment.ts';
import { bucketArn, logGroupName } from '../names.ts';

/** A delivery stream a dataset: JSON rows in, Parquet by the lake's table out. */
export class DeliveryStreams extends Construct {
  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    const { name, firehose } = deployment;
    const streams = [...tableDatasets, ...logDatasets].map((dataset) =>
      streamDefinition(dataset, firehose.intervalSeconds),
    );
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: logGroupName(deployment, 'firehose'),
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      roleName: `${name}-firehose`,
      description: 'Firehose: writes the lake by the tables of its catalogue',
      assumedBy: new ServicePrincipal('firehose.amazonaws.com').withConditions({
        StringEquals: { 'aws:SourceAccount': deployment.account },
      }),
    });
    const policy = this.deliveryPolicy(deployment, streams, role, logs);
    for (const stream of streams) {
      const logStream = new LogStream(this, `Log-${stream.name}`, {
        logGroup: logs,
        logStreamName: stream.name,
        removalPolicy: RemovalPolicy.DESTROY,
      });
      const created = new CfnDeliveryStream(this, stream.name, {
        deliveryStreamName: stream.name,
        deliveryStreamType: 'DirectPut',
        deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
        extendedS3DestinationConfiguration: {
          ...destination(stream, deployment, role.roleArn),
          cloudWatchLoggingOptions: {
            enabled: true,
            logGroupName: logs.logGroupName,
            logStreamName: logStream.logStreamName,
          },
        },
      });
      // Firehose tries the role when the stream is made.
      created.node.addDependency(policy);
    }
  }

  private deliveryPolicy(
    deployment: Deployment,
    streams: readonly StreamDefinition[],
    role: Role,
    logs: LogGroup,
  ): Policy {
    const bucket = bucketArn(deployment);
    const { account, region } = deployment;
    const catalog = `arn:aws:glue:${region}:${account}:`;
    const written = streams.map(({ prefix }) => `${prefix.split('/')[0] ?? ''}/*`);
    const policy = new Policy(this, 'Policy', {
      roles: [role],
      statements: [
        new PolicyStatement({
          actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
          resources: [bucket],
        }),
        new PolicyStatement({
          actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
          resources: written.map((keys) => `${bucket}/${keys}`),
        }),
        new PolicyStatement({
          actions: ['glue:GetTable', 'glue:GetTableVersion', 'glue:GetTableVersions'],
          resources: [
            `${catalog}catalog`,
            ...new Set(streams.map(({ table }) => `${catalog}database/${table.database}`)),
            ...streams.map(({ table }) => `${catalog}table/${table.database}/${table.name}`),
          ],
        }),
        new PolicyStatement({
          actions: ['logs:PutLogEvents'],
          resources: streams.map(
            ({ name }) =>
              `arn:aws:logs:${region}:${account}:log-group:${logGroupName(deployment, 'firehose')}:log-stream:${name}`,
          ),
        }),
      ],
    });
    policy.node.addDependency(logs);
    acknowledge(
      policy,
      'Firehose names the objects of a dataset itself.',
      written.map((keys) => `IAM5[Resource::${bucket}/${keys}]`),
    );
    return policy;
  }
}

/** The same request as the local stack sends (infra/local/aws-resources.ts; a test compares). */
function destination(
  stream: StreamDefinition,
  deployment: Deployment,
  roleArn: string,
): CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty {
  return {
    roleArn,
    bucketArn: bucketArn(deployment),
    prefix: stream.prefix,
    errorOutputPrefix: stream.errorPrefix,
    bufferingHints: { intervalInSeconds: stream.intervalSeconds, sizeInMBs: stream.sizeMiB },
    compressionFormat: 'UNCOMPRESSED',
    dataFormatConversionConfiguration: {
      enabled: true,
      inputFormatConfiguration: { deserializer: { openXJsonSerDe: {} } },
      outputFormatConfiguration: { serializer: { parquetSerDe: { compression: 'SNAPPY' } } },
      schemaConfiguration: {
        roleArn,
        databaseName: stream.table.database,
        tableName: stream.table.name,
        region: deployment.region,
        versionId: 'LATEST',
      },
    },
  };
}
