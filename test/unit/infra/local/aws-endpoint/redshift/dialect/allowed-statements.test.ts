import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  filterSql,
  logFilters,
  ticketFilters,
  type Filter,
  type FilterSet,
} from '../../../../../../../dashboards/web/figures/filters.ts';
import { logQueries } from '../../../../../../../dashboards/web/figures/log-figures.ts';
import { pipelineQueries } from '../../../../../../../dashboards/web/figures/pipeline-figures.ts';
import { listQueries } from '../../../../../../../dashboards/web/lists/list-feed.ts';
import { entryList, ticketList } from '../../../../../../../dashboards/web/lists/list-kinds.ts';
import { traceQueries } from '../../../../../../../dashboards/web/lists/ticket-trace.ts';
import { quarantineQueries } from '../../../../../../../dashboards/web/lists/quarantine-pages.ts';
import { ticketQueries } from '../../../../../../../dashboards/web/figures/ticket-figures.ts';
import { translate } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import * as verifyStatements from '../../../../../../../operations/verify/warehouse-statements.ts';
import { logDatasets, tableDatasets } from '../../../../../../../schemas/datasets/registry.ts';
import { planOf } from '../../../../../../../warehouse-loader/load-plan.ts';
import {
  loadStatements,
  setAsideStatements,
  takeOverStatements,
} from '../../../../../../../warehouse-loader/load-statements.ts';

const migrations = new URL('../../../../../../../schemas/warehouse/', import.meta.url);

/** The statements of a migration: each ends with `;` at the end of a line. */
function migrationStatements(file: string): string[] {
  return readFileSync(new URL(file, migrations), 'utf8')
    .split(/;[ \t]*\n/)
    .filter((text) => text.trim() !== '');
}

/** Something of every column, and rows without. */
const everyChoice = ({ columns }: FilterSet): Filter => ({
  from: '2025-01-01',
  to: '2025-12-31',
  values: Object.fromEntries(columns.map(({ name }) => [name, ['a', '']])),
});
const everyTicketChoice = everyChoice(ticketFilters);
const everyLogChoice = everyChoice(logFilters);

const firstLine = (sql: string) => sql.replace(/^(--.*\n|\s+)*/, '').split('\n')[0] ?? '';

describe('statements of the project', () => {
  for (const file of readdirSync(migrations).filter((name) => name.endsWith('.sql'))) {
    it.each(migrationStatements(file).map((sql) => [firstLine(sql), sql]))(
      `${file}: %s`,
      (_, sql) => {
        const translation = translate(sql);
        expect(translation.statement).toMatch(
          /^CREATE (SCHEMA|TABLE|VIEW)$|^ALTER TABLE$|^DROP VIEW$|^COMMENT$/,
        );
      },
    );
  }

  describe.each(
    [...tableDatasets, ...logDatasets].map((dataset) => [dataset.name, dataset] as const),
  )('loader of %s', (_, dataset) => {
    const object = { key: "support/a'b\\c.parquet", etag: 'e1', bytes: 7, modifiedMs: 0 };
    const target = {
      token: 'token',
      manifestUrl: 's3://bucket/_loader/manifests/a.manifest',
      copyRoleArn: 'arn:aws:iam::123456789012:role/copy',
    };
    const aside = { object, outcome: 'quarantined', reason: "it's\\bad" } as const;
    const statements = [
      ...loadStatements({ dataset, batchId: 'b1', objects: [object] }, target),
      ...setAsideStatements(dataset, 'b2', 'token', [aside]),
      ...takeOverStatements(dataset, 'token'),
      { step: 'holes', sql: planOf(dataset).holesQuery },
      { step: 'progress', sql: planOf(dataset).progressQuery },
    ];
    it.each(statements.map(({ step, sql }) => [step, sql]))('%s', (_step, sql) => {
      expect(translate(sql).parameters).toEqual([]);
    });
  });

  describe.each(tableDatasets.map((dataset) => [dataset.name, dataset] as const))(
    'verify of %s',
    (_, dataset) => {
      const scope = { dataset, source: "it's" };
      const slice = { from: '4', to: '8' };
      it.each([
        ['frontier', verifyStatements.frontierSql(scope)],
        ['transactions', verifyStatements.transactionsSql(scope, 1, 2, 3)],
        ['later changes', verifyStatements.laterChangesSql(scope, 1, 2)],
        ['unreadable', verifyStatements.unreadableSql(scope, 1)],
        ['numbers', verifyStatements.numbersSql(scope, 1)],
        ['pending', verifyStatements.pendingSql(scope, 1)],
        ['gaps', verifyStatements.gapsSql(scope, 1)],
        ['doubled numbers', verifyStatements.doubledNumbersSql(scope, 1)],
        ['drift', verifyStatements.driftSql(scope, 1)],
        ['state', verifyStatements.stateSql(scope, 1, slice)],
        ['shown', verifyStatements.shownSql(scope, slice)],
        ['quarantine', verifyStatements.quarantineSql(scope, slice)],
      ])('%s', (_name, sql) => {
        expect(translate(sql)).toMatchObject({ statement: 'SELECT', returnsRows: true });
      });
    },
  );

  it.each(
    [
      ...ticketQueries(filterSql(ticketFilters, everyTicketChoice)),
      ...logQueries(filterSql(logFilters, everyLogChoice)),
      ...listQueries(ticketList, { filter: everyTicketChoice, page: 3 }).queries,
      ...listQueries(entryList, { filter: everyLogChoice, page: 1 }).queries,
      ...traceQueries('T1').queries,
      ...pipelineQueries(),
      ...quarantineQueries({ dataset: 'logs', reason: 'agent:missing', page: 3 }).queries,
    ].map((sql) => [sql]),
  )('live pages: %s', (sql) => {
    expect(translate(sql)).toMatchObject({ statement: 'SELECT', returnsRows: true });
  });
});

describe('further shapes', () => {
  it.each([
    'SELECT DISTINCT a, count(*) AS n FROM t WHERE b IN (1, 2) GROUP BY a HAVING count(*) > 1 ORDER BY n DESC LIMIT 10 OFFSET 5',
    'SELECT t.*, s.u.a FROM s.u, t WHERE t.id = u.id',
    'WITH x AS (SELECT 1 AS n), y (m) AS (SELECT n FROM x) SELECT * FROM y CROSS JOIN x',
    '(SELECT 1) UNION (SELECT 2) ORDER BY 1',
    'SELECT a FROM t MINUS SELECT a FROM u',
    'SELECT CASE a WHEN 1 THEN TRUE ELSE FALSE END, CASE WHEN b IS NOT NULL THEN b END FROM t',
    "SELECT a LIKE 'x%' ESCAPE '!', b NOT ILIKE '%y', c BETWEEN 1 AND 2 AND d SIMILAR TO 'z' FROM t",
    "SELECT DATE '2025-01-01' + INTERVAL '1 day', a AT TIME ZONE 'UTC' FROM t",
    "SELECT EXTRACT(hour FROM a), DATE_PART(day, a), DATEDIFF(minute, a, b), DATEADD('day', 1, a) FROM t",
    "SELECT SUBSTRING(a FROM 2 FOR 3), SUBSTRING(a, 2), TRIM(BOTH 'x' FROM a), TRIM(a), POSITION('a' IN b) FROM t",
    'SELECT a::VARCHAR(10), b::decimal(5,2), c::timestamp FROM t',
    'SELECT PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY a) FROM t GROUP BY b',
    'SELECT a, b, GROUPING(a) AS g, count(*) AS n FROM t GROUP BY GROUPING SETS ((), a, (b), (a, b)) HAVING count(*) > 1',
    'SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS UNBOUNDED PRECEDING), avg(a) OVER () FROM t',
    'SELECT lag(a, 1) OVER (ORDER BY b), first_value(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t',
    'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND b = (SELECT max(b) FROM u)',
    'SELECT a FROM (t JOIN u USING (a)) LEFT OUTER JOIN v ON v.a = t.a',
    'SELECT count(*) FROM t WHERE a = :p AND b > CAST(:q AS integer) LIMIT :n',
    'SELECT "window", "top" FROM "t" ORDER BY a NULLS LAST',
    'SELECT current_date, current_user, sysdate, getdate()',
    'SELECT nvl(a, b, 0), greatest(a, b), left(c, 2), right(c, 2), len(c), sha2(c, 256) FROM t',
    'INSERT INTO t DEFAULT VALUES',
    "INSERT INTO t (a, b) VALUES (1, DEFAULT), (2 + 3, 'x' || CHR(92))",
    'INSERT INTO t (SELECT 1)',
    'INSERT INTO t WITH x AS (SELECT 1 AS a) SELECT a FROM x',
    'DELETE t WHERE a = 1',
    'DELETE FROM s.t USING u, s.v WHERE t.a = u.a AND u.b = v.b',
    'UPDATE t SET a = DEFAULT, b = u.b FROM u JOIN v ON v.a = u.a WHERE t.a = u.a',
    'CREATE TABLE t (a INT IDENTITY(1,1), b VARCHAR(MAX) ENCODE zstd, c DATE DEFAULT current_date, PRIMARY KEY (a), UNIQUE (b), FOREIGN KEY (a) REFERENCES u (a)) BACKUP NO DISTSTYLE KEY DISTKEY (a) INTERLEAVED SORTKEY (a, b)',
    'CREATE TEMPORARY TABLE t (LIKE s.u INCLUDING DEFAULTS)',
    'CREATE TABLE s.t (a, b) DISTKEY (a) AS SELECT 1, 2',
    'CREATE OR REPLACE VIEW v (a) AS SELECT 1 UNION ALL SELECT 2',
    'CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION u',
    'DROP TABLE IF EXISTS a, s.b CASCADE',
    'DROP VIEW v',
    "ALTER TABLE t ADD COLUMN x VARCHAR(10) DEFAULT 'a' NOT NULL",
    "COMMENT ON COLUMN s.t.a IS 'text'",
    'GRANT SELECT ON ALL TABLES IN SCHEMA s TO GROUP g',
    'GRANT USAGE ON SCHEMA s TO "IAMR:role", u',
    'REVOKE ALL ON t FROM PUBLIC',
    'ALTER DEFAULT PRIVILEGES FOR USER "IAMR:role", u IN SCHEMA s GRANT SELECT ON TABLES TO GROUP g',
    'ALTER DEFAULT PRIVILEGES REVOKE ALL PRIVILEGES ON TABLES FROM PUBLIC',
    'CREATE USER u PASSWORD DISABLE',
    'CREATE GROUP g',
    'ALTER USER u CONNECTION LIMIT 20 SESSION TIMEOUT 3600',
    'ALTER USER u WITH CONNECTION LIMIT UNLIMITED',
    'ALTER USER u SET statement_timeout TO 60000',
    'ANALYZE s.t (a, b)',
    'VACUUM SORT ONLY t TO 75 PERCENT',
    'LOCK s.a, b;',
    "COPY t (a, b) FROM 's3://b/k' IAM_ROLE default FORMAT PARQUET FILLRECORD",
  ])('%s', (sql) => {
    expect(translate(sql).statement).not.toBe('statement');
  });
});
