import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate, readMigrations, type Migration } from '../../../warehouse-loader/migrations.ts';
import { startLocalLake, type LocalLake } from './local-lake.ts';

const options = { log: pino({ level: 'silent' }), signal: new AbortController().signal };

let lake: LocalLake;

beforeAll(async () => {
  lake = await startLocalLake();
});

afterAll(async () => {
  await lake[Symbol.asyncDispose]();
});

async function applied(): Promise<string[]> {
  const { rows } = await lake.database.query<{ name: string }>(
    'SELECT name FROM ops.migrations ORDER BY name',
  );
  return rows.map(({ name }) => name);
}

function migration(name: string, checksum: string, ...statements: string[]): Migration {
  return { name, checksum, statements };
}

test('loaders that start at once apply each migration once', async () => {
  const migrations = readMigrations();
  await Promise.all([1, 2, 3].map(() => migrate(lake.api, migrations, options)));
  expect(await applied()).toEqual(migrations.map(({ name }) => name));
  await migrate(lake.api, migrations, options);
  expect(await applied()).toEqual(migrations.map(({ name }) => name));
  const { rows } = await lake.database.query('SELECT * FROM reporting.tickets');
  expect(rows).toEqual([]);
});

test('a migration that was changed after it had been applied is refused', async () => {
  await migrate(lake.api, [migration('900-a.sql', 'one', 'CREATE SCHEMA changed')], options);
  const changed = migration('900-a.sql', 'two', 'CREATE SCHEMA changed_again');
  await expect(migrate(lake.api, [changed], options)).rejects.toMatchObject({
    code: 'WH_5004',
    context: { migration: '900-a.sql' },
  });
});

test('one that fails is rolled back whole, and those behind it are not applied', async () => {
  const failing = migration(
    '901-b.sql',
    'b',
    'CREATE TABLE stage.left_over (n INTEGER)',
    'INSERT INTO stage.left_over (no_such_column) VALUES (1)',
  );
  const behind = migration('902-c.sql', 'c', 'CREATE SCHEMA behind');
  await expect(migrate(lake.api, [failing, behind], options)).rejects.toMatchObject({
    code: 'WH_5004',
  });
  expect(await applied()).not.toContain('901-b.sql');
  expect(await applied()).not.toContain('902-c.sql');
  const { rows } = await lake.database.query(
    "SELECT 1 FROM pg_tables WHERE schemaname = 'stage' AND tablename = 'left_over'",
  );
  expect(rows).toEqual([]);
});
