import { expect, it } from 'vitest';
import { groupedPass } from '../../../../../dashboards/web/figures/grouped-pass.ts';

const values = { rows_counted: 'COUNT(*)' };

it('asks for the larger list of columns first, for a row of it is grouped by the smaller ones too', () => {
  const pass = groupedPass('p', 'v', [[], ['a'], ['b', 'a']], values);
  expect(pass.sql).toBe(
    'p AS (SELECT b, a, CASE WHEN GROUPING(b) = 0 AND GROUPING(a) = 0 THEN 0 WHEN GROUPING(a) = 0 THEN 1 ELSE 2 END AS grouped_by, ' +
      'CAST(COALESCE(SUM(rows_counted), 0) AS BIGINT) AS rows_counted FROM (SELECT b, a, COUNT(*) AS rows_counted FROM v GROUP BY b, a) c ' +
      'GROUP BY GROUPING SETS ((b, a), (a), ()))',
  );
  expect([['a', 'b'], ['a'], []].map((columns) => pass.rowsBy(columns))).toEqual([
    ' FROM p WHERE grouped_by = 0',
    ' FROM p WHERE grouped_by = 1',
    ' FROM p WHERE grouped_by = 2',
  ]);
});

it('reads the same columns once, in whatever order they are named', () => {
  const pass = groupedPass(
    'p',
    'v',
    [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
    ],
    values,
  );
  expect(pass.sql.match(/GROUPING SETS .*$/)?.[0]).toBe('GROUPING SETS ((a, b)))');
});

it('has the whole alone without a column to ask about', () => {
  const pass = groupedPass('p', 'v', [[]], values);
  expect(pass.sql).toBe(
    'p AS (SELECT 0 AS grouped_by, CAST(COALESCE(SUM(rows_counted), 0) AS BIGINT) AS rows_counted ' +
      'FROM (SELECT COUNT(*) AS rows_counted FROM v) c GROUP BY GROUPING SETS (()))',
  );
});

it('makes no cells of texts and times together, for they would be as many as the rows', () => {
  const groupings = [[], ['agent'], ['made_date'], ['made_weekday', 'made_hour']];
  const pass = groupedPass('p', 'v', groupings, values);
  const cells = [...pass.sql.matchAll(/ GROUP BY (?!GROUPING)([^)]*)\)/g)].map(([, by]) => by);
  expect(cells).toEqual(['agent', 'made_weekday, made_hour, made_date']);
  expect(groupings.map((columns) => pass.rowsBy(columns))).toEqual([
    ' FROM p WHERE grouped_by = 1',
    ' FROM p WHERE grouped_by = 0',
    ' FROM p_times WHERE grouped_by = 1',
    ' FROM p_times WHERE grouped_by = 0',
  ]);
});

it('makes the least of the cells the least of the rows', () => {
  const pass = groupedPass('p', 'v', [['a']], { first_day: 'MIN(day)', last_day: 'MAX(day)' });
  expect(pass.sql).toContain('MIN(first_day) AS first_day, MAX(last_day) AS last_day');
});

it('refuses rows that it did not group', () => {
  expect(() => groupedPass('p', 'v', [['a']], values).rowsBy(['b'])).toThrow(/not grouped by b/);
});
