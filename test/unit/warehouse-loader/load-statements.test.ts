import { describe, expect, test } from 'vitest';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { processedPrefix } from '../../../schemas/lake-layout.ts';
import {
  COPY_STEP,
  loadStatements,
  MAX_OBJECTS,
  MAX_STATEMENT_BYTES,
  MAX_STATEMENTS,
  setAsideStatements,
  takeFitting,
  takeOverStatements,
  type LakeObject,
  type SetAside,
} from '../../../warehouse-loader/load-statements.ts';
import { planOf } from '../../../warehouse-loader/load-plan.ts';
import type { LoadStatement } from '../../../warehouse-loader/load-statement.ts';

/** A table that has nothing in common with tickets. */
const claims: TableDataset = {
  ...supportTickets,
  name: 'claims',
  shortName: 'claims',
  entity: 'claim',
  keyField: 'claim_no',
  lifecycle: null,
  cleanColumns: [
    { name: 'claim_no', type: 'text', maxBytes: 32 },
    { name: 'amount', type: 'integer' },
    { name: 'filed_at', type: 'timestamp' },
  ],
};

const target = {
  token: '5f0c7c0e-0000-4000-8000-000000000000',
  manifestUrl: 's3://careplus-stored-data/_loader/manifests/support-tickets/b.manifest',
  copyRoleArn: 'arn:aws:iam::123456789012:role/copy',
};

/** Objects with the longest keys that discovery lets pass. */
function objects(dataset: AnyDataset, count: number): LakeObject[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `${processedPrefix(dataset)}dt=2025-07-01/hour=13/${String(index).padStart(200, 'x')}.parquet`,
    etag: 'f'.repeat(32),
    bytes: 64 * 1024 * 1024,
    modifiedMs: 0,
  }));
}

function batchOf(dataset: AnyDataset, count: number): LoadStatement[] {
  const batch = { dataset, batchId: 'a'.repeat(32), objects: objects(dataset, count) };
  return loadStatements(batch, target);
}

function everyStatement(dataset: AnyDataset): LoadStatement[] {
  const object = objects(dataset, 1)[0];
  const reason = 'ü'.repeat(3_000);
  return [
    ...batchOf(dataset, MAX_OBJECTS),
    ...setAsideStatements(
      dataset,
      'b',
      target.token,
      object ? [{ object, outcome: 'foreign', reason }] : [],
    ),
    ...takeOverStatements(dataset, target.token),
    { step: 'holes', sql: planOf(dataset).holesQuery },
    { step: 'progress', sql: planOf(dataset).progressQuery },
  ];
}

/** Redshift's reserved words (developer guide, r_pg_keywords) that are no part of these statements' syntax. */
const reserved =
  'AES128 AES256 ALLOWOVERWRITE ANALYSE ANALYZE ARRAY AUTHORIZATION AZ64 BACKUP BINARY BLANKSASNULL BOTH BYTEDICT BZIP2 CHECK COLLATE COLUMN CONSTRAINT CREDENTIALS CROSS DEFAULT DEFERRABLE DEFLATE DEFRAG DELTA DELTA32K DISABLE DO EMPTYASNULL ENABLE ENCODE ENCRYPT ENCRYPTION EXCEPT EXPLICIT FOREIGN FREEZE GLOBALDICT256 GLOBALDICT64K GRANT GZIP IDENTITY IGNORE ILIKE INITIALLY INTERSECT ISNULL LANGUAGE LEADING LOCALTIME LOCALTIMESTAMP LUN LUNS LZO LZOP MINUS MOSTLY16 MOSTLY32 MOSTLY8 NATURAL NEW NOTNULL NULLS OFFLINE OFFSET OID OLD ONLY OPEN OVERLAPS PARALLEL PERCENT PERMISSIONS PIVOT PLACING PRIMARY RAW READRATIO RECOVER REFERENCES REJECTLOG RESORT RESPECT RESTORE SIMILAR SNAPSHOT SOME SYSDATE SYSTEM TAG TDES TEXT255 TEXT32K TOP TRAILING TRUNCATECOLUMNS UNIQUE UNNEST UNPIVOT USER VERBOSE WALLET WITHOUT'.split(
    ' ',
  );

/** What Redshift does not have, or has with another meaning. */
const denied: Readonly<Record<string, RegExp>> = {
  'a cast by ::': /::/,
  'a reserved word': new RegExp(`\\b(${reserved.join('|')})\\b`, 'i'),
  'MERGE, whose source must be a table': /\bMERGE\b/i,
  'TRUNCATE, which commits': /\bTRUNCATE\b/i,
  'ON CONFLICT, RETURNING, DISTINCT ON, FILTER, LATERAL':
    /\bON CONFLICT\b|\bRETURNING\b|\bDISTINCT ON\b|\bFILTER\s*\(|\bLATERAL\b/i,
  'functions of PostgreSQL alone':
    /\b(generate_series|string_agg|array_agg|json_agg|now|pg_sleep|pg_advisory\w*|coalesce_agg)\s*\(/i,
  'IS DISTINCT FROM': /\bIS (NOT )?DISTINCT FROM\b/i,
  'an untyped NULL in a branch of a UNION': /UNION ALL SELECT[^)]*\bNULL\b(?! THEN)/i,
  'an alias of a DELETE or UPDATE target':
    /^(DELETE FROM|UPDATE) \S+ (AS )?(?!USING|SET|WHERE)\w+/i,
  'an aggregate window with ORDER BY and no frame':
    /\b(sum|max|min|count|avg)\([^()]*\) OVER \([^()]*ORDER BY(?![^()]* ROWS BETWEEN )/i,
};

describe.each(
  [...tableDatasets, claims, ...logDatasets].map((dataset) => [dataset.name, dataset] as const),
)('the statements for %s', (_, dataset) => {
  const statements = everyStatement(dataset);

  test.each(Object.entries(denied))('hold no %s', (__, pattern) => {
    const texts = statements.map(({ sql }) => sql.replaceAll(/'(?:[^']|'')*'/g, "''"));
    expect(texts.filter((sql) => pattern.test(sql))).toEqual([]);
  });

  test('stay within the limits of BatchExecuteStatement with the most and longest keys', () => {
    const batch = batchOf(dataset, MAX_OBJECTS);
    expect(batch.length).toBeLessThanOrEqual(MAX_STATEMENTS);
    for (const { sql } of statements) {
      expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(MAX_STATEMENT_BYTES);
    }
  });

  test('keep their shape: only literals vary', () => {
    const shape = (all: LoadStatement[]) =>
      all
        .filter(({ step }) => step !== 'list objects')
        .map(({ sql }) => sql.replaceAll(/'[^']*'/g, '?'));
    expect(shape(batchOf(dataset, 1))).toEqual(shape(batchOf(dataset, 50)));
  });

  test('take the lock before anything that takes a snapshot', () => {
    expect(batchOf(dataset, 1)[0]?.sql).toBe(`LOCK TABLE ops.${dataset.entity}_ledger`);
  });

  test('drop every temporary table that they make', () => {
    const sqls = batchOf(dataset, 1).map(({ sql }) => sql);
    const made = sqls.flatMap((sql) => /^CREATE TEMP TABLE (\w+)/.exec(sql)?.[1] ?? []);
    const dropped = sqls.flatMap((sql) => /^DROP TABLE (.*)$/.exec(sql)?.[1]?.split(', ') ?? []);
    expect(made.length).toBeGreaterThan(0);
    expect(dropped.sort()).toEqual(made.sort());
  });
});

test('what is set aside fits into a statement, however long and odd the keys and reasons are', () => {
  const odd = Array.from({ length: 450 }, (_, index) => ({
    object: {
      key: `${processedPrefix(supportTickets)}${String(index)}\0${`\\'é`.repeat(240)}`,
      ...{ etag: 'e', bytes: 0, modifiedMs: 0 },
    },
    ...{ outcome: 'foreign' as const, reason: '\\'.repeat(index * 10) },
  }));
  const told: unknown[] = [];
  for (let rest: readonly SetAside[] = odd; rest.length > 0;) {
    const rows = takeFitting(rest);
    rest = rest.slice(rows.length);
    for (const { sql } of setAsideStatements(supportTickets, 'b', target.token, rows)) {
      expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(MAX_STATEMENT_BYTES);
    }
    told.push(...rows);
  }
  expect(told).toEqual(odd);
});

test('another dataset needs nothing but its definition', () => {
  const sqls = batchOf(claims, 1).map(({ sql }) => sql);
  expect(sqls.join('\n')).not.toMatch(/\b\w*ticket_(state|changes|pending|frontier|id)\b/);
  expect(sqls.some((sql) => sql.includes('claim_no, amount, filed_at_ms, reasons'))).toBe(true);
});

test('COPY names manifest, role and format, and nothing that Parquet does not take', () => {
  const copy = batchOf(supportTickets, 1).find(({ step }) => step === COPY_STEP);
  expect(copy?.sql).toBe(
    `COPY copied FROM '${target.manifestUrl}' IAM_ROLE '${target.copyRoleArn}' FORMAT AS PARQUET MANIFEST`,
  );
});
