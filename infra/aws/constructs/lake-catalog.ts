import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { glueTable, processedPrefix } from '../../../schemas/lake-layout.ts';
import { athenaView } from '../athena-view.ts';
import type { Deployment } from '../deployment.ts';
import { ATHENA_RESULTS_PREFIX } from './lake.ts';

/** First day of which Athena looks for partitions. */
const FIRST_DAY = '2025-01-01';

const GIB = 1024 ** 3;

/**
 * The lake's tables, by which Firehose writes and Athena reads, and the views of the clean truth.
 * Partitions are projected: no crawler, nothing to repair.
 */
export class LakeCatalog extends Construct {
  readonly #deployment: Deployment;

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    this.#deployment = deployment;
    const datasets = [...tableDatasets, ...logDatasets];
    const names = new Set(datasets.map((dataset) => glueTable(dataset).database));
    const databases = new Map(
      [...names].map((name) => {
        const database = new CfnDatabase(this, name, {
          catalogId: deployment.account,
          databaseInput: { name, description: 'The lake of CarePlus Streams' },
        });
        return [name, database];
      }),
    );
    for (const dataset of datasets) {
      const { database, name } = glueTable(dataset);
      const table = this.table(name, database, this.imageTable(dataset));
      const view = this.table(`${name}-truth`, database, athenaView(dataset));
      const owner = databases.get(database);
      if (owner) table.addResourceDependency(owner);
      view.addResourceDependency(table);
    }
    new CfnWorkGroup(this, 'Workgroup', {
      name: deployment.name,
      description: 'Questions to the lake',
      recursiveDeleteOption: false,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: 100 * GIB,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${deployment.bucket}/${ATHENA_RESULTS_PREFIX}`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
  }

  private table(
    id: string,
    databaseName: string,
    tableInput: CfnTable.TableInputProperty,
  ): CfnTable {
    return new CfnTable(this, `Table-${id}`, {
      catalogId: this.#deployment.account,
      databaseName,
      tableInput,
    });
  }

  private imageTable(dataset: AnyDataset): CfnTable.TableInputProperty {
    const { name, columns } = glueTable(dataset);
    const location = `s3://${this.#deployment.bucket}/${processedPrefix(dataset)}`;
    return {
      name,
      tableType: 'EXTERNAL_TABLE',
      parameters: {
        classification: 'parquet',
        'projection.enabled': 'true',
        'projection.dt.type': 'date',
        'projection.dt.format': 'yyyy-MM-dd',
        'projection.dt.range': `${FIRST_DAY},NOW`,
        'projection.dt.interval': '1',
        'projection.dt.interval.unit': 'DAYS',
        'projection.hour.type': 'integer',
        'projection.hour.range': '0,23',
        'projection.hour.digits': '2',
        'storage.location.template': `${location}dt=\${dt}/hour=\${hour}/`,
      },
      partitionKeys: [
        { name: 'dt', type: 'string' },
        { name: 'hour', type: 'string' },
      ],
      storageDescriptor: {
        columns: columns.map(({ name: column, glueType }) => ({ name: column, type: glueType })),
        location,
        inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
        serdeInfo: {
          serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
          parameters: { 'serialization.format': '1' },
        },
      },
    };
  }
}
