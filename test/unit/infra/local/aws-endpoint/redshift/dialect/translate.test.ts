import { describe, expect, it } from 'vitest';
import { translate } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';

function sqlOf(sql: string): string {
  const translation = translate(sql);
  if (translation.kind !== 'sql') throw new Error('a COPY');
  return translation.sql;
}

describe('translate', () => {
  it('strips what spreads and sorts rows and makes indexes of the keys', () => {
    const translation = translate(
      'CREATE TABLE s.t (a BIGINT ENCODE az64, b DATE) DISTKEY (b) COMPOUND SORTKEY (a, b)',
    );
    expect(translation).toMatchObject({
      sql: 'CREATE TABLE "s"."t" ("a" BIGINT, "b" DATE)',
      followUps: [
        'CREATE INDEX IF NOT EXISTS "t_sortkey" ON "s"."t" USING btree ("a", "b")',
        'CREATE INDEX IF NOT EXISTS "t_distkey" ON "s"."t" USING hash ("b")',
      ],
    });
  });

  it('does not enforce keys, but that a primary key is not NULL (t_Defining_constraints)', () => {
    expect(
      sqlOf('CREATE TABLE s.t (a INT PRIMARY KEY, b INT UNIQUE, c INT, PRIMARY KEY (c))'),
    ).toBe('CREATE TABLE "s"."t" ("a" INTEGER NOT NULL, "b" INTEGER, "c" INTEGER NOT NULL)');
  });

  it('counts a text in bytes (r_Character_types)', () => {
    expect(sqlOf('CREATE TABLE s.t (a VARCHAR(8))')).toBe(
      'CREATE TABLE "s"."t" ("a" VARCHAR(8) CONSTRAINT "fits_8_bytes_a" CHECK (octet_length("a") <= 8))',
    );
    expect(sqlOf('ALTER TABLE s.t ADD COLUMN b VARCHAR')).toContain('octet_length("b") <= 256');
    expect(sqlOf('CREATE TABLE s.t (a VARCHAR(MAX))')).toContain('VARCHAR(65535)');
  });

  it('takes lengths and keys over from the parent of LIKE', () => {
    expect(sqlOf('CREATE TABLE s.t (LIKE s.u)')).toBe(
      'CREATE TABLE "s"."t" (LIKE "s"."u" INCLUDING CONSTRAINTS INCLUDING INDEXES)',
    );
    expect(sqlOf('CREATE TEMP TABLE t (LIKE s.u INCLUDING DEFAULTS)')).toBe(
      'CREATE TEMP TABLE t (LIKE "s"."u" INCLUDING CONSTRAINTS INCLUDING DEFAULTS)',
    );
  });

  it('analyzes a table made by a query', () => {
    expect(translate('CREATE TEMP TABLE t AS SELECT 1 AS a')).toMatchObject({
      sql: 'CREATE TEMP TABLE t AS SELECT 1 AS a',
      followUps: ['ANALYZE "t"'],
    });
  });

  it('puts a table without a schema into public', () => {
    expect(sqlOf('CREATE TABLE T (a INT)')).toBe('CREATE TABLE "public"."t" ("a" INTEGER)');
    expect(sqlOf('CREATE VIEW v AS SELECT 1')).toBe('CREATE VIEW "public"."v" AS SELECT 1');
  });

  it('numbers parameters by name, not in strings', () => {
    expect(translate("SELECT :a, :b, ':c', :a")).toMatchObject({
      sql: "SELECT $1, $2, ':c', $1",
      parameters: ['a', 'b'],
    });
  });

  it.each([
    ["SELECT 'a\\\\b'", "SELECT E'a\\\\b'"],
    ['SELECT "ABC" FROM "T"', 'SELECT "abc" FROM "t"'],
    ['SELECT NVL(a, 0), LEN(b) FROM t', 'SELECT coalesce(a, 0), length(b) FROM t'],
    ['SELECT a FROM t MINUS SELECT 1', 'SELECT a FROM t EXCEPT SELECT 1'],
    ['SELECT EXTRACT(EPOCH FROM a) FROM t', 'SELECT extract_epoch(a) FROM t'],
    ['SELECT EXTRACT(hour FROM a) FROM t', "SELECT extract_part('hour', a) FROM t"],
    ['SELECT DATEDIFF(minute, a, b) FROM t', "SELECT DATEDIFF('minute', a, b) FROM t"],
    ["SELECT POSITION('x' IN a) FROM t", "SELECT strpos(a, 'x') FROM t"],
    ['SELECT SYSDATE', 'SELECT sysdate()'],
    ['SELECT CAST(a AS VARCHAR) FROM t', 'SELECT CAST(a AS VARCHAR(256)) FROM t'],
    ['SELECT CAST(a AS DECIMAL) FROM t', 'SELECT CAST(a AS DECIMAL(18,0)) FROM t'],
    ['DELETE t', 'DELETE FROM t'],
    ['VACUUM DELETE ONLY t TO 99 PERCENT', 'VACUUM t'],
    ['CREATE USER u PASSWORD DISABLE', 'CREATE USER u PASSWORD NULL'],
    ['SELECT 1 /* one */ ; -- end', 'SELECT 1'],
  ])('%s', (sql, translated) => {
    expect(sqlOf(sql)).toBe(translated);
  });

  it('reads the parts of COPY', () => {
    expect(
      translate(
        "COPY s.t (a, b) FROM 's3://bucket/some/key' IAM_ROLE 'arn:aws:iam::123456789012:role/r' FORMAT AS PARQUET MANIFEST STATUPDATE OFF",
      ),
    ).toMatchObject({
      kind: 'copy',
      table: { schema: 's', name: 't' },
      columns: ['a', 'b'],
      bucket: 'bucket',
      key: 'some/key',
      manifest: true,
      fillRecord: false,
    });
  });

  it.each([
    ['STATUPDATE OFF', 'never'],
    ['STATUPDATE ON', 'always'],
    ['STATUPDATE', 'always'],
    ['', 'of an empty table'],
  ])('COPY analyzes by %j (copy-parameters-data-load)', (option, statistics) => {
    const sql = `COPY t FROM 's3://bucket/some/key' IAM_ROLE DEFAULT FORMAT AS PARQUET ${option}`;
    expect(translate(sql)).toMatchObject({ kind: 'copy', statistics });
  });

  it('says that VACUUM cannot run in a transaction', () => {
    expect(translate('VACUUM').transactional).toBe(false);
    expect(translate('ANALYZE').transactional).toBe(true);
  });
});
