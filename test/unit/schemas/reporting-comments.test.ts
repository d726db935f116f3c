import { describe, expect, it } from 'vitest';
import { isTableDataset } from '../../../schemas/datasets/any-dataset.ts';
import { allDatasets, logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { logMigration } from '../../../schemas/log-migration.ts';
import { reportingComments } from '../../../schemas/reporting-comments.ts';
import { tableMigration } from '../../../schemas/table-migration.ts';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';

const all = { tables: tableDatasets, logs: logDatasets };

/** Names of the columns of a view, by its text. */
function columnsOf(sql: string): string[] {
  const list = /SELECT ([\s\S]*?)\nFROM/.exec(sql)?.[1] ?? '';
  // A comma inside of brackets parts no columns.
  return list.split(/,(?![^()]*\))/).map((each) => /(\w+)\s*$/.exec(each)?.[1] ?? each);
}

describe.each(allDatasets)('the comments of $name', (dataset) => {
  const sql = isTableDataset(dataset) ? tableMigration(dataset, all) : logMigration(dataset, all);
  const comments = reportingComments(dataset);

  it('tell of every column of its own views, and of no other', () => {
    const views = splitStatements(sql).filter((each) => /VIEW reporting\.(?!freshness)/.test(each));
    expect(views).toHaveLength(2);
    const wanted = views.flatMap((view) => {
      const name = /VIEW (\S+)/.exec(view)?.[1] ?? '';
      return [`VIEW ${name}`, ...columnsOf(view).map((column) => `COLUMN ${name}.${column}`)];
    });
    expect(comments.map(({ target }) => target).sort()).toEqual(wanted.sort());
  });

  it('say something', () => {
    for (const { meaning } of comments) expect(meaning).toMatch(/\w{3}/);
  });
});
