/**
 * Prints the migration of a dataset that comes from a table: `npm run -s migration -- NAME`.
 * Exit code 78 for a name that is not in schemas/datasets/tables.ts.
 */
import { findTableDataset, logDatasets, tableDatasets } from '../schemas/datasets/registry.ts';
import { tableMigration } from '../schemas/table-migration.ts';

const [name = ''] = process.argv.slice(2);
const dataset = findTableDataset(name);
if (dataset) {
  process.stdout.write(tableMigration(dataset, { tables: tableDatasets, logs: logDatasets }));
} else {
  const known = tableDatasets.map((each) => each.name).join(', ');
  process.stderr.write(`no dataset '${name}'; write one of ${known}\n`);
  process.exitCode = 78;
}
