/**
 * Prints the migration of a dataset: `npm run -s migration -- NAME`. Exit code 78 for a name that
 * is neither in schemas/datasets/tables.ts nor in log-formats.ts.
 */
import { isTableDataset } from '../schemas/datasets/any-dataset.ts';
import {
  allDatasets,
  findDataset,
  logDatasets,
  tableDatasets,
} from '../schemas/datasets/registry.ts';
import { literalText } from '../runtime/sql/quoting.ts';
import { logMigration } from '../schemas/log-migration.ts';
import { reportingComments } from '../schemas/reporting-comments.ts';
import { tableMigration } from '../schemas/table-migration.ts';

const [name = ''] = process.argv.slice(2);
const dataset = findDataset(name);
const all = { tables: tableDatasets, logs: logDatasets };
if (dataset) {
  const tables = isTableDataset(dataset)
    ? tableMigration(dataset, all)
    : logMigration(dataset, all);
  const comments = reportingComments(dataset)
    .map(({ target, meaning }) => `COMMENT ON ${target} IS ${literalText(meaning)};`)
    .join('\n');
  process.stdout.write(
    `${tables}\n-- What they mean, for people and tools that find them in the catalogue.\n${comments}\n`,
  );
} else {
  const known = allDatasets.map((each) => each.name).join(', ');
  process.stderr.write(`no dataset '${name}'; write one of ${known}\n`);
  process.exitCode = 78;
}
