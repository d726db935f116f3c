import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { timestampOfMs } from '../../../operations/lake/lake-query.ts';
import { truthViewName, truthViewSql } from '../../../schemas/lake-truth-view.ts';
import { supportLogs as dataset } from '../../../schemas/datasets/support-logs/index.ts';
import { logRowColumns } from '../../../schemas/log-row.ts';

type Row = Readonly<Record<string, string | number>>;

const columns = logRowColumns(dataset);

function insert(row: Row): string {
  const names = Object.keys(row);
  const values = names.map((name) => {
    const value = row[name] ?? 0;
    return typeof value === 'number' ? String(value) : `'${value}'`;
  });
  return `INSERT INTO ${dataset.glueTable} (${names.join(', ')}) VALUES (${values.join(', ')})`;
}

test('the lake’s view of the logs counts each entry once, by the newest rules', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const types = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' };
    const list = columns.map(({ name, glueType }) => `${name} ${types[glueType]}`).join(', ');
    await connection.run(`CREATE TABLE ${dataset.glueTable} (${list})`);
    const row = { host: 'h', generation: '1-g', pos: 0, len: 9, kind: 'E', entry_id: 'a' };
    const verdict = { rules_version: 1, accepted: 1, log_level: 'INFO', logged_at_ms: 61_000 };
    const values = { cpu_percent_hundredths: 764, is_error: 1, response_time_ms: 5 };
    const first = { ...row, ...verdict, ...values };
    const other = { ...first, pos: 18, entry_id: 'b' };
    const rows: Row[] = [
      first,
      first,
      { ...first, pos: 9 },
      other,
      { ...other, accepted: 0, rules_version: 2 },
      { ...first, pos: 27, entry_id: 'c', accepted: 0 },
      { ...row, pos: 36, kind: 'F', entry_id: '', rules_version: 1, accepted: 0 },
      { ...row, pos: 45, kind: 'X', entry_id: '', rules_version: 0, accepted: 0 },
    ];
    for (const each of rows) await connection.run(insert(each));
    await connection.run(
      `CREATE VIEW ${truthViewName(dataset)} AS ${truthViewSql(dataset, timestampOfMs)}`,
    );
    const reader = await connection.runAndReadAll(
      `SELECT entry_id, CAST(logged_at AS VARCHAR) AS at, log_level, CAST(cpu_percent AS VARCHAR) AS cpu,
        is_error, response_time_ms, copies FROM support_logs`,
    );
    expect(reader.getRowObjectsJson()).toEqual([
      {
        ...{ entry_id: 'a', at: '1970-01-01 00:01:01', log_level: 'INFO', cpu: '7.64' },
        ...{ is_error: true, response_time_ms: 5, copies: '2' },
      },
    ]);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});
