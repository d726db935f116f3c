import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timestampOfMs as athenaTimestamp } from '../../../../infra/aws/athena-view.ts';
import { createAwsResources } from '../../../../infra/local/aws-resources.ts';
import { topicConfig } from '../../../../infra/local/kafka.ts';
import { timestampOfMs as duckdbTimestamp } from '../../../../operations/lake/lake-query.ts';
import { allTopics, logDatasets, tableDatasets } from '../../../../schemas/datasets/registry.ts';
import { glueTable, processedPrefix } from '../../../../schemas/lake-layout.ts';
import { truthViewName, truthViewSql } from '../../../../schemas/lake-truth-view.ts';
import { example, synthesise, type Synthesised } from './fixtures/example-app.ts';
import { recordRequests } from './fixtures/recorded-requests.ts';

let app: Synthesised;
beforeAll(() => {
  app = synthesise(example);
}, 60_000);
afterAll(() => rmSync(app.outdir, { recursive: true, force: true }));

const datasets = [...tableDatasets, ...logDatasets];

interface StreamRequest {
  readonly DeliveryStreamName: string;
  readonly DeliveryStreamType: string;
  readonly ExtendedS3DestinationConfiguration: Readonly<Record<string, unknown>>;
}

/** What both stacks must say alike: the role and the log belong to an account. */
function comparable(request: StreamRequest): unknown {
  const text = JSON.stringify(request, (key, value: unknown) =>
    key === 'RoleARN' || key === 'CloudWatchLoggingOptions' || key === 'Tags' ? undefined : value,
  );
  const { DeliveryStreamName, DeliveryStreamType, ExtendedS3DestinationConfiguration } = JSON.parse(
    text,
  ) as StreamRequest;
  return { DeliveryStreamName, DeliveryStreamType, ExtendedS3DestinationConfiguration };
}

describe('one definition for both stacks', () => {
  test('delivery streams are those that the local stack asks for', async () => {
    const recorded = await recordRequests();
    const { bucket, region, firehose } = example;
    try {
      await createAwsResources({
        ...{ endpoint: recorded.endpoint, region, bucket },
        intervalSeconds: firehose.intervalSeconds,
      });
    } finally {
      recorded.close();
    }
    const local = (recorded.bodies.get('CreateDeliveryStream') ?? []) as StreamRequest[];
    expect(local).toHaveLength(datasets.length);
    const aws = app.all<StreamRequest>('AWS::KinesisFirehose::DeliveryStream');
    expect(aws.map(comparable)).toEqual(local.map(comparable));
  });

  test('the lake’s tables have the columns of the rows, in their order', () => {
    const tables = app.all<{ DatabaseName: string; TableInput: TableInput }>('AWS::Glue::Table');
    for (const dataset of datasets) {
      const { database, name, columns } = glueTable(dataset);
      const table = tables.find(({ TableInput }) => TableInput.Name === name);
      const location = `s3://${example.bucket}/${processedPrefix(dataset)}`;
      expect(table?.DatabaseName).toBe(database);
      expect(table?.TableInput.StorageDescriptor).toMatchObject({
        Columns: columns.map((column) => ({ Name: column.name, Type: column.glueType })),
        Location: location,
      });
      expect(table?.TableInput.PartitionKeys).toEqual([
        { Name: 'dt', Type: 'string' },
        { Name: 'hour', Type: 'string' },
      ]);
      expect(table?.TableInput.Parameters).toMatchObject({
        'projection.enabled': 'true',
        'storage.location.template': `${location}dt=\${dt}/hour=\${hour}/`,
      });
    }
  });

  test('where Athena looks for partitions is where Firehose puts them', () => {
    const streams = app.all<StreamRequest>('AWS::KinesisFirehose::DeliveryStream');
    const tables = app.all<{ TableInput: TableInput }>('AWS::Glue::Table');
    const templates = tables.flatMap(
      ({ TableInput }) => TableInput.Parameters['storage.location.template'] ?? [],
    );
    const prefixes = streams.map(({ ExtendedS3DestinationConfiguration: { Prefix } }) =>
      String(Prefix)
        .replace('!{timestamp:yyyy-MM-dd}', '${dt}')
        .replace('!{timestamp:HH}', '${hour}'),
    );
    expect(templates).toEqual(prefixes.map((prefix) => `s3://${example.bucket}/${prefix}`));
  });

  test('Athena’s views are the local ones but for the one expression', () => {
    const tables = app.all<{ TableInput: TableInput }>('AWS::Glue::Table');
    for (const dataset of datasets) {
      const view = tables.find(({ TableInput }) => TableInput.Name === truthViewName(dataset));
      const text = view?.TableInput.ViewOriginalText ?? '';
      const [, encoded = ''] = /^\/\* Presto View: (\S+) \*\/$/.exec(text) ?? [];
      const definition = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as View;
      const local = truthViewSql(dataset, duckdbTimestamp);
      const translated = dataset.cleanColumns
        .filter(({ type }) => type === 'timestamp')
        .reduce(
          (sql, { name }) =>
            sql.replaceAll(duckdbTimestamp(`${name}_ms`), athenaTimestamp(`${name}_ms`)),
          local,
        );
      expect(definition.originalSql).toBe(translated);
      expect(definition.schema).toBe(glueTable(dataset).database);
      // Both lists name the columns of the SELECT: Athena refuses a view in which they differ.
      const selected = [
        ...local.slice(local.lastIndexOf('SELECT')).matchAll(/(\w+)(?:,| FROM|\n)/g),
      ];
      const names = definition.columns.map(({ name }) => name);
      expect(names).toEqual(view?.TableInput.StorageDescriptor.Columns.map(({ Name }) => Name));
      for (const name of names) expect(selected.map(([, word]) => word)).toContain(name);
    }
  });

  test('topics are those that the local broker has', () => {
    const topics = app.all<{
      TopicName: string;
      PartitionCount: number;
      ReplicationFactor: number;
      Configs: { 'Fn::Base64': string };
    }>('AWS::MSK::Topic');
    expect(topics.map(({ TopicName }) => TopicName)).toEqual(allTopics.map(({ name }) => name));
    for (const [index, topic] of allTopics.entries()) {
      const created = topics[index];
      const { numPartitions, configEntries = [] } = topicConfig(topic);
      expect(created).toMatchObject({ PartitionCount: numPartitions, ReplicationFactor: 3 });
      const local = new Map(configEntries.map(({ name, value }) => [name, value]));
      const settings = JSON.parse(created?.Configs['Fn::Base64'] ?? '') as Record<string, string>;
      expect(Object.keys(settings)).toContain('cleanup.policy');
      for (const [name, value] of Object.entries(settings)) expect(local.get(name)).toBe(value);
      expect('retention.ms' in settings).toBe(topic.retentionMs !== null);
    }
  });
});

interface TableInput {
  readonly Name: string;
  readonly Parameters: Readonly<Record<string, string>>;
  readonly PartitionKeys: readonly object[];
  readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string }[] };
  readonly ViewOriginalText?: string;
}

interface View {
  readonly originalSql: string;
  readonly schema: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}
