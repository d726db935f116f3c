import { expect, test } from 'vitest';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';
import { readMigrations } from '../../../warehouse-loader/migrations.ts';
import { fileOf, filesOf, hasHistory, oldestCommit } from '../../older-tree.ts';

const FOLDER = 'schemas/warehouse';

test.skipIf(!hasHistory())('the oldest commit whose state must go on is known', () => {
  expect(oldestCommit()).toMatch(/^[0-9a-f]{40}$/);
});

test.skipIf(!hasHistory())(
  'migrations that a warehouse of that commit has applied stand as they were',
  () => {
    const commit = oldestCommit() ?? '';
    const names = filesOf(commit, FOLDER).filter((name) => name.endsWith('.sql'));
    expect(names.length).toBeGreaterThan(0);
    const now = new Map(readMigrations().map(({ name, statements }) => [name, statements]));
    for (const name of names) {
      const then = splitStatements(fileOf(commit, `${FOLDER}/${name}`) ?? '');
      expect(now.get(name), name).toEqual(then);
    }
  },
);
