import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { tableMigration } from '../../../schemas/table-migration.ts';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';

const all = { tables: tableDatasets, logs: logDatasets };

const statementsOf = (sql: string) => splitStatements(sql).map((each) => each.replace(/\s+/g, ' '));

/** By what a statement creates. */
const byName = (statements: readonly string[]) =>
  new Map(statements.map((each) => [/(?:EXISTS|VIEW) (\S+)/.exec(each)?.[1] ?? each, each]));

/** Columns that a later migration adds stand at the end. */
const withAddedColumns = (statements: readonly string[]) => {
  const added = statements.flatMap((each) => {
    const [, table, column] = /^ALTER TABLE (\S+) ADD COLUMN (.+)$/.exec(each) ?? [];
    return table === undefined || column === undefined ? [] : [{ table, column }];
  });
  return statements.map((each) =>
    added
      .filter(({ table }) => each.startsWith(`CREATE TABLE IF NOT EXISTS ${table} (`))
      .reduce((sql, { column }) => sql.replace(/ \) DISTKEY/, `, ${column} ) DISTKEY`), each),
  );
};

describe('the migration of a table', () => {
  it('says of tickets what their own, older migration says', () => {
    const read = (file: string) =>
      readFileSync(new URL(`../../../schemas/warehouse/${file}.sql`, import.meta.url), 'utf8');
    const files = ['002-tickets', '003-reporting-views', '007-history', '010-period-versions'];
    const applied = byName(withAddedColumns(statementsOf(files.map(read).join('\n'))));
    const made = byName(statementsOf(tableMigration(supportTickets, all)));
    for (const name of [
      'stage.ticket_image',
      'careplus.ticket_pending',
      'careplus.ticket_changes',
      'careplus.ticket_state',
      'careplus.ticket_periods',
      'careplus.tickets',
      'careplus.ticket_quarantine',
      'reporting.ticket_books',
    ]) {
      expect(made.get(name), name).toBeDefined();
      expect(made.get(name), name).toBe(applied.get(name));
    }
  });

  it('refuses a column that every row has', () => {
    for (const name of ['source', 'kind', 'copies', 'reasons']) {
      const cleanColumns = [{ name, type: 'text', maxBytes: 64 }] as const;
      expect(() => tableMigration({ ...supportTickets, cleanColumns }, all)).toThrow(
        `every row has a column ${name}`,
      );
    }
  });

  it('makes every table that the loader asks for, and keeps all datasets in the lists of all', () => {
    const claims = { ...supportTickets, name: 'claims', shortName: 'claims', entity: 'claim' };
    const tables = [...tableDatasets, claims];
    const made = byName(statementsOf(tableMigration(claims, { tables, logs: logDatasets })));
    expect([...made.keys()].sort()).toEqual([
      ...['careplus.claim_changes', 'careplus.claim_pending', 'careplus.claim_periods'],
      ...[
        'careplus.claim_quarantine',
        'careplus.claim_state',
        'careplus.claims',
        'careplus.quarantine',
      ],
      ...['ops.claim_batches', 'ops.claim_frontier', 'ops.claim_ledger'],
      ...['reporting.claim_books', 'reporting.claims', 'reporting.freshness'],
      'stage.claim_image',
    ]);
    for (const list of ['careplus.quarantine', 'reporting.freshness']) {
      for (const { entity } of [...tables, ...logDatasets]) {
        expect(made.get(list)).toMatch(new RegExp(`(careplus|ops)\\.${entity}_`));
      }
    }
  });
});
