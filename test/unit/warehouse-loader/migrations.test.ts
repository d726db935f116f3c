import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../runtime/observability/log.ts';
import type { DataApi } from '../../../runtime/redshift/data-api.ts';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-migrations-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function checksumOf(sql: string): string | undefined {
  writeFileSync(path.join(folder, '001-a.sql'), sql);
  return readMigrations(folder)[0]?.checksum;
}

test('a checksum stands for the statements: comments may change', () => {
  const before = checksumOf('-- First.\nCREATE SCHEMA a;\n\nCREATE SCHEMA b;\n');
  expect(checksumOf('CREATE SCHEMA a; -- another word\nCREATE SCHEMA b')).toBe(before);
  expect(checksumOf('CREATE SCHEMA a;\nCREATE SCHEMA c;\n')).not.toBe(before);
});

test('migrations come in the order of their numbers; other files are none', () => {
  for (const name of ['010-c.sql', '002-b.sql', '001-a.sql', 'notes.md', '3-d.sql']) {
    writeFileSync(path.join(folder, name), 'CREATE SCHEMA a');
  }
  expect(readMigrations(folder).map(({ name }) => name)).toEqual([
    '001-a.sql',
    '002-b.sql',
    '010-c.sql',
  ]);
});

test('a migration that is larger than a batch comes in several; the last one notes it', async () => {
  const statements = Array.from({ length: 100 }, (_, index) => `CREATE SCHEMA s${index}`);
  writeFileSync(path.join(folder, '001-large.sql'), statements.join(';\n'));
  const batches: (readonly string[])[] = [];
  const api = {
    runBatch: async (batch: { readonly statements: readonly string[] }) => {
      batches.push(batch.statements);
      return { id: 'batch' };
    },
    query: async () => ({ rows: [] }),
  } as unknown as DataApi;
  await migrate(api, readMigrations(folder), {
    log: createLog('test', 'silent'),
    signal: new AbortController().signal,
  });
  const [, ...applied] = batches;
  expect(applied.flatMap((batch) => batch.filter((sql) => sql.startsWith('CREATE')))).toEqual(
    statements,
  );
  for (const batch of applied) {
    expect(batch.length).toBeLessThanOrEqual(40);
    expect(batch[0]).toBe('LOCK TABLE ops.migrations');
  }
  const notes = applied.map((batch) => batch.some((sql) => sql.includes('001-large')));
  expect(notes).toEqual([...applied.slice(1).map(() => false), true]);
});

// Redshift knows no ADD COLUMN IF NOT EXISTS: only its own note keeps such a statement from a second run.
test('what adds a column is noted in the same transaction', () => {
  for (const { name, statements } of readMigrations()) {
    const repeated = statements.slice(0, Math.max(0, statements.length - 38));
    expect(
      repeated.filter((sql) => sql.includes('ADD COLUMN')),
      name,
    ).toEqual([]);
  }
});
