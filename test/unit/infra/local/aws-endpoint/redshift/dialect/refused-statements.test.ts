import { describe, expect, it } from 'vitest';
import { DialectError } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/dialect-error.ts';
import { translate } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';

function refusalOf(sql: string): DialectError['refusal'] | undefined {
  try {
    translate(sql);
    return undefined;
  } catch (error) {
    if (error instanceof DialectError) return error.refusal;
    throw error;
  }
}

/** Page of the Amazon Redshift Developer Guide, statement, token at which it is refused. */
type Case = readonly [page: string, sql: string, token: string];

const refusedByRedshift: readonly Case[] = [
  ['r_INSERT_30', 'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', 'ON'],
  ['r_INSERT_30', 'INSERT INTO t AS x VALUES (1)', 'AS'],
  ['c_unsupported-postgresql-features', 'INSERT INTO t VALUES (1) RETURNING a', 'RETURNING'],
  ['c_unsupported-postgresql-features', 'DELETE FROM t WHERE a = 1 RETURNING a', 'RETURNING'],
  ['c_unsupported-postgresql-features', 'UPDATE t SET a = 1 RETURNING a', 'RETURNING'],
  ['r_SELECT_list', 'SELECT DISTINCT ON (a) a, b FROM t', 'ON'],
  ['r_Aggregate_Functions', 'SELECT count(*) FILTER (WHERE a > 1) FROM t', 'FILTER'],
  ['r_Aggregate_Functions', 'SELECT sum(a ORDER BY b) FROM t', 'ORDER'],
  ['r_FROM_clause30', 'SELECT * FROM t, LATERAL (SELECT 1) u', 'LATERAL'],
  ['r_FROM_clause30', 'SELECT * FROM t TABLESAMPLE SYSTEM (10)', 'TABLESAMPLE'],
  [
    'c_unsupported-postgresql-functions',
    'SELECT * FROM generate_series(1, 3) g',
    'generate_series',
  ],
  ['c_unsupported-postgresql-functions', 'SELECT generate_series(1, 3)', 'generate_series'],
  ['c_unsupported-postgresql-functions', "SELECT string_agg(a, ',') FROM t", 'string_agg'],
  ['c_unsupported-postgresql-functions', 'SELECT array_agg(a) FROM t', 'array_agg'],
  ['c_unsupported-postgresql-functions', 'SELECT jsonb_agg(a) FROM t', 'jsonb_agg'],
  ['c_unsupported-postgresql-functions', 'SELECT pg_sleep(1)', 'pg_sleep'],
  ['c_sql-functions-leader-node', 'SELECT now()', 'now'],
  ['c_unsupported-postgresql-functions', 'SELECT a IS DISTINCT FROM b FROM t', 'DISTINCT'],
  ['c_unsupported-postgresql-functions', 'SELECT a IS NOT DISTINCT FROM b FROM t', 'DISTINCT'],
  ['c_unsupported-postgresql-datatypes', "SELECT '{}'::jsonb", 'jsonb'],
  ['c_unsupported-postgresql-datatypes', 'CREATE TABLE t (a jsonb)', 'jsonb'],
  ['c_unsupported-postgresql-datatypes', 'CREATE TABLE t (a uuid)', 'uuid'],
  ['c_unsupported-postgresql-features', 'SELECT ARRAY[1, 2]', 'ARRAY'],
  ['c_unsupported-postgresql-features', 'CREATE TABLE t (a integer[])', '['],
  ['c_unsupported-postgresql-features', 'SELECT a[1] FROM t', '['],
  ['c_unsupported-postgresql-features', 'SELECT a = ANY(:list) FROM t', ':list'],
  ['c_unsupported-postgresql-features', 'SELECT (1, 2)', ','],
  ['c_unsupported-postgresql-features', 'SELECT * FROM t WHERE (a, b) = (1, 2)', ','],
  ['r_CREATE_TABLE_AS', 'CREATE TABLE IF NOT EXISTS t AS SELECT 1', 'AS'],
  ['r_ALTER_TABLE', 'ALTER TABLE t ADD COLUMN a INTEGER NOT NULL', 'NULL'],
  [
    'r_PERCENTILE_CONT',
    'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), percentile_cont(0.9) WITHIN GROUP (ORDER BY b) FROM t',
    ')',
  ],
  ['c_unsupported-postgresql-features', 'SELECT ROW(1, 2)', 'ROW'],
  ['c_unsupported-postgresql-features', 'SELECT * FROM (VALUES (1), (2)) v', 'VALUES'],
  ['c_unsupported-postgresql-features', 'VALUES (1)', 'VALUES'],
  ['c_unsupported-postgresql-features', 'SELECT a IN (VALUES (1)) FROM t', 'VALUES'],
  ['r_Window_function_synopsis', 'SELECT rank() OVER (ORDER BY a NULLS FIRST) FROM t', 'NULLS'],
  ['r_Window_function_synopsis', 'SELECT sum(a) OVER (ORDER BY b) FROM t', ')'],
  ['r_Window_function_synopsis', 'SELECT last_value(a) OVER (ORDER BY b) FROM t', ')'],
  [
    'r_Window_function_synopsis',
    'SELECT sum(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) FROM t',
    'RANGE',
  ],
  ['r_Window_function_synopsis', 'SELECT sum(a) OVER (ROWS UNBOUNDED PRECEDING) FROM t', 'ROWS'],
  [
    'r_Window_function_synopsis',
    'SELECT row_number() OVER (ORDER BY a ROWS 1 PRECEDING) FROM t',
    'ROWS',
  ],
  ['r_Window_function_synopsis', 'SELECT sum(a) OVER w FROM t WINDOW w AS ()', 'w'],
  ['c_Window_functions', 'SELECT row_number() FROM t', 'FROM'],
  ['r_DELETE', 'DELETE FROM t AS x WHERE x.a = 1', 'AS'],
  ['r_DELETE', 'DELETE FROM t x USING u WHERE x.a = u.a', 'x'],
  ['r_DELETE', 'DELETE FROM t USING u x WHERE t.a = x.a', 'x'],
  ['r_DELETE', 'DELETE FROM t USING (SELECT 1 AS a) u WHERE t.a = u.a', '('],
  ['r_UPDATE', 'UPDATE t x SET a = 1', 'x'],
  ['r_UPDATE', 'UPDATE t SET t.a = 1', '.'],
  ['r_UPDATE', 'UPDATE t SET (a, b) = (1, 2)', '('],
  ['r_UPDATE', 'UPDATE t SET a = 1 FROM u LEFT JOIN v ON v.a = u.a', 'LEFT'],
  ['r_LOCK', 'LOCK TABLE t IN SHARE MODE', 'IN'],
  ['r_UNION', 'SELECT 1 EXCEPT ALL SELECT 2', 'ALL'],
  ['r_SELECT_synopsis', 'SELECT a FROM t FOR UPDATE', 'FOR'],
  ['r_CREATE_TABLE_NEW', 'CREATE TABLE t (a integer CHECK (a > 1))', 'CHECK'],
  ['r_CREATE_TABLE_NEW', 'CREATE TABLE t (a integer, CHECK (a > 1))', 'CHECK'],
  ['r_CREATE_TABLE_NEW', 'CREATE TEMP TABLE s.t (a integer)', 's'],
  ['r_CREATE_TABLE_AS', 'CREATE TABLE t (a integer) AS SELECT 1', 'AS'],
  ['r_Character_types', 'CREATE TABLE t (a VARCHAR(65536))', ')'],
  ['r_Numeric_types201', 'CREATE TABLE t (a DECIMAL(39,2))', ')'],
  ['r_ALTER_TABLE', 'ALTER TABLE t ADD COLUMN IF NOT EXISTS a integer', 'IF'],
  ['a session timeout', 'ALTER USER u SESSION TIMEOUT 59', '59'],
  ['r_ALTER_TABLE', 'ALTER TABLE t ADD COLUMN a integer, ADD COLUMN b integer', ','],
  ['c_Compression_encodings', 'CREATE TABLE t (a integer ENCODE gzip)', 'gzip'],
  ['data-api', 'BEGIN', 'BEGIN'],
  ['data-api', 'SELECT 1; SELECT 2', 'SELECT'],
  ...(
    [
      ['REGION', `'eu-west-1'`],
      ['MAXERROR', '5'],
      ['ACCEPTANYDATE', ''],
      ['TIMEFORMAT', `'auto'`],
      ['COMPUPDATE', 'OFF'],
      ['GZIP', ''],
      ['BLANKSASNULL', ''],
    ] as const
  ).map(([option, value]): Case => [
    'copy-usage_notes-copy-from-columnar',
    `COPY t FROM 's3://b/k' IAM_ROLE 'arn:aws:iam::123456789012:role/r' FORMAT AS PARQUET ${option} ${value}`,
    option,
  ]),
  ['copy-parameters-authorization', `COPY t FROM 's3://b/k' FORMAT AS PARQUET`, ''],
  [
    'copy-parameters-authorization',
    `COPY t FROM 's3://b/k' IAM_ROLE 'role' FORMAT AS PARQUET`,
    `'role'`,
  ],
  // Correlated sub-queries that cannot be decorrelated.
  [
    'r_correlated_subqueries',
    'SELECT e.a FROM e WHERE NOT EXISTS (SELECT 1 FROM l WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.a = e.a))',
    'e',
  ],
  [
    'r_correlated_subqueries',
    'SELECT 1 FROM c LEFT JOIN e ON c.a = e.a AND e.b = (SELECT max(s.b) FROM s WHERE s.a = e.a)',
    'e',
  ],
  [
    'r_correlated_subqueries',
    'SELECT a FROM s WHERE b NOT IN (SELECT sum(l.n) OVER () FROM l WHERE l.a = s.a)',
    's',
  ],
  [
    'r_correlated_subqueries',
    'SELECT a FROM s WHERE b IN (SELECT sum(l.n) FROM l WHERE l.a = s.a GROUP BY l.c)',
    's',
  ],
  [
    'r_correlated_subqueries',
    'SELECT l.a, (SELECT count(s.a) FROM s WHERE s.a = l.a) AS n FROM l GROUP BY n, l.a',
    'n',
  ],
  // Reserved words as names and aliases.
  ...[
    'offset',
    'partition',
    'timestamp',
    'tag',
    'off',
    'snapshot',
    'user',
    'group',
    'new',
    'old',
    'open',
    'default',
    'top',
    'percent',
    'oid',
    'delta',
    'permissions',
  ].flatMap((word): Case[] => [
    ['r_pg_keywords', `SELECT a AS ${word} FROM t`, word],
    ['r_pg_keywords', `CREATE TABLE t (${word} integer)`, word],
    ['r_pg_keywords', `SELECT x.${word} FROM x`, word],
  ]),
];

const notPlayedHere: readonly Case[] = [
  ['r_MERGE', 'MERGE INTO t USING u ON t.a = u.a REMOVE DUPLICATES', 'MERGE'],
  ['r_TRUNCATE', 'TRUNCATE t', 'TRUNCATE'],
  ['r_UNLOAD', `UNLOAD ('SELECT 1') TO 's3://b/k'`, 'UNLOAD'],
  ['r_SET', 'SET search_path TO x', 'SET'],
  ['r_EXPLAIN', 'EXPLAIN SELECT 1', 'EXPLAIN'],
  ['r_CALL_procedure', 'CALL p()', 'CALL'],
  [
    'materialized-view-create-sql-command',
    'CREATE MATERIALIZED VIEW v AS SELECT 1',
    'MATERIALIZED',
  ],
  ['r_CREATE_FUNCTION', `CREATE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql`, 'FUNCTION'],
  ['r_CREATE_DATABASE', 'CREATE DATABASE d', 'DATABASE'],
  ['r_DROP_SCHEMA', 'DROP SCHEMA s', 'SCHEMA'],
  ['r_DROP_USER', 'DROP USER u', 'USER'],
  ['r_ALTER_TABLE', 'ALTER TABLE t DROP COLUMN a', 'DROP'],
  ['r_QUALIFY_clause', 'SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1', 'QUALIFY'],
  ['r_SELECT_list', 'SELECT TOP 5 a FROM t', 'TOP'],
  ['r_LISTAGG', `SELECT LISTAGG(a, ',') FROM t`, 'LISTAGG'],
  ['r_MEDIAN', 'SELECT MEDIAN(a) FROM t', 'MEDIAN'],
  ['r_COPY', `COPY t FROM 's3://b/k' IAM_ROLE default FORMAT AS CSV`, 'CSV'],
  ['super', 'CREATE TABLE t (a SUPER)', 'SUPER'],
];

const shorten = (cases: readonly Case[]) =>
  cases.map(([page, sql, token]) => ({ page, sql, token }));

describe('what Amazon Redshift does not run is refused', () => {
  it.each(shorten(refusedByRedshift))('$page: $sql', ({ sql, token }) => {
    expect(refusalOf(sql)).toMatchObject({ ruling: 'amazon-redshift', token });
  });
});

describe('what only this endpoint does not run is refused as such', () => {
  it.each(shorten(notPlayedHere))('$page: $sql', ({ sql, token }) => {
    expect(refusalOf(sql)).toMatchObject({ ruling: 'local-endpoint', token });
  });

  it.each([
    ['a function without a rule', 'SELECT pg_read_file(a) FROM t', 'pg_read_file'],
    ['a function of a schema', "SELECT pg_catalog.pg_ls_dir('/')", '('],
    ['an empty statement', '  -- nothing\n', ''],
  ])('%s', (_, sql, token) => {
    expect(refusalOf(sql)?.token).toBe(token);
  });
});

it('names the kind of statement, the token and who refuses in its message', () => {
  expect(() => translate('INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING')).toThrow(
    'syntax error at or near "ON" in INSERT: ON CONFLICT (r_INSERT_30) [not valid in Amazon Redshift]',
  );
  expect(() => translate('SELECT frobnicate(1)')).toThrow(
    'syntax error at or near "frobnicate" in SELECT: function frobnicate [not on the allow-list of the local endpoint]',
  );
});

it('hides the schemas of the endpoint itself', () => {
  expect(refusalOf('SELECT * FROM data_api.statements')?.reason).toContain('does not exist');
  expect(refusalOf('SELECT "DATA_API".statements.outcome FROM x')?.reason).toContain(
    'does not exist',
  );
});
