import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { logMigration } from '../../../schemas/log-migration.ts';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';

const byName = (sql: string) =>
  new Map(
    splitStatements(sql)
      .map((each) => each.replace(/\s+/g, ' '))
      .map((each) => [/(?:EXISTS|VIEW) (\S+)/.exec(each)?.[1] ?? each, each]),
  );

describe('the migration of a log format', () => {
  it('says of support logs what their own, older migration says', () => {
    const file = new URL('../../../schemas/warehouse/004-logs.sql', import.meta.url);
    const applied = byName(readFileSync(file, 'utf8'));
    const made = byName(logMigration(supportLogs, { tables: tableDatasets, logs: logDatasets }));
    for (const name of [
      'stage.log_entry',
      'careplus.log_pending',
      'careplus.log_entry',
      'careplus.log_entries',
      'careplus.log_quarantine',
      'reporting.log_books',
    ]) {
      expect(made.get(name), name).toBeDefined();
      expect(made.get(name), name).toBe(applied.get(name));
    }
  });

  it('makes every table that the loader asks for, and keeps all datasets in the lists of all', () => {
    const chat = { ...supportLogs, name: 'chat', shortName: 'chat', entity: 'chat', summary: null };
    const logs = [...logDatasets, chat];
    const made = byName(logMigration(chat, { tables: tableDatasets, logs }));
    expect([...made.keys()].sort()).toEqual([
      ...['careplus.chat_arrivals', 'careplus.chat_entries', 'careplus.chat_entry'],
      ...['careplus.chat_pending', 'careplus.chat_quarantine', 'careplus.chat_unreadable'],
      'careplus.quarantine',
      ...['ops.chat_batches', 'ops.chat_frontier', 'ops.chat_ledger'],
      ...['reporting.chat_books', 'reporting.chat_entries', 'reporting.freshness'],
      'stage.chat_entry',
    ]);
    for (const list of ['careplus.quarantine', 'reporting.freshness']) {
      for (const { entity } of [...tableDatasets, ...logs]) {
        expect(made.get(list)).toMatch(new RegExp(`(careplus|ops)\\.${entity}_`));
      }
    }
  });

  it('refuses a column that every entry has', () => {
    const all = { tables: [], logs: [] };
    for (const name of ['path', 'host', 'len', 'copies', 'reasons']) {
      const cleanColumns = [{ name, type: 'text', maxBytes: 256 }] as const;
      expect(() => logMigration({ ...supportLogs, cleanColumns }, all)).toThrow(
        `every row has a column ${name}`,
      );
    }
  });

  it('gives every key of the quarantine the width of the list', () => {
    const cleanColumns = [{ name: 'url', type: 'text', maxBytes: 4096 }] as const;
    const made = logMigration(
      { ...supportLogs, cleanColumns, keyField: 'url' },
      { tables: [], logs: [] },
    );
    expect(made).toContain('CAST(e.url AS VARCHAR(256)) AS ticket_id');
  });
});
