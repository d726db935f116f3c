/** Views of the clean truth as Athena keeps them: a Glue table whose text is the view, in JSON and base64. */
import type { CfnTable } from 'aws-cdk-lib/aws-glue';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import type { LogColumn } from '../../schemas/datasets/log-dataset.ts';
import { glueTable } from '../../schemas/lake-layout.ts';
import { truthViewColumns, truthViewName, truthViewSql } from '../../schemas/lake-truth-view.ts';

/** Type of a view's column as Trino names it, and as Glue does. */
type ViewType = readonly [trino: string, glue: string];

const viewTypes: Readonly<Record<LogColumn['type'], ViewType>> = {
  text: ['varchar', 'string'],
  integer: ['integer', 'int'],
  timestamp: ['timestamp(3)', 'timestamp'],
  hundredths: ['decimal(5,2)', 'decimal(5,2)'],
  boolean: ['boolean', 'boolean'],
};
const COPIES: ViewType = ['bigint', 'bigint'];

/** TIMESTAMP (UTC) of a column of epoch milliseconds, as Trino writes it. */
export const timestampOfMs = (column: string): string =>
  `TIMESTAMP '1970-01-01 00:00:00.000' + ${column} * INTERVAL '0.001' SECOND`;

/** The Glue table that Athena shows as a dataset's view of the clean truth. */
export function athenaView(dataset: AnyDataset): CfnTable.TableInputProperty {
  const columns = [
    ...truthViewColumns(dataset).map(({ name, type }) => ({ name, types: viewTypes[type] })),
    { name: 'copies', types: COPIES },
  ];
  const definition = {
    originalSql: truthViewSql(dataset, timestampOfMs),
    catalog: 'awsdatacatalog',
    schema: glueTable(dataset).database,
    columns: columns.map(({ name, types: [type] }) => ({ name, type })),
  };
  const text = Buffer.from(JSON.stringify(definition)).toString('base64');
  return {
    name: truthViewName(dataset),
    description: 'The clean truth at rest, by the rules of the warehouse',
    tableType: 'VIRTUAL_VIEW',
    parameters: { presto_view: 'true', comment: 'Presto View' },
    storageDescriptor: {
      columns: columns.map(({ name, types: [, type] }) => ({ name, type })),
      serdeInfo: {},
    },
    partitionKeys: [],
    viewOriginalText: `/* Presto View: ${text} */`,
    viewExpandedText: '/* Presto View */',
  };
}
