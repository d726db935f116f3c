import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';
import { StatementFailedError } from '../runtime/redshift/data-api-errors.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import { quoteText } from '../runtime/sql/quoting.ts';
import { splitStatements } from './sql-splitting.ts';

/** One numbered file of SQL. */
export interface Migration {
  /** File name, such as `001-ops.sql`; the order of the names is the order of application. */
  readonly name: string;
  readonly statements: readonly string[];
  /** SHA-256 over the statements: comments and blank lines may change. */
  readonly checksum: string;
}

const FOLDER = path.join(import.meta.dirname, '..', 'schemas', 'warehouse');
/** Of a migration, in one batch: Redshift takes 40 statements, two of which are the note's. */
const MAX_STATEMENTS_AT_ONCE = 38;
const MAX_ATTEMPTS = 8;
const RETRY_MS = 200;

/** Reads the project's migrations in their order. */
export function readMigrations(folder: string = FOLDER): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{3}-[a-z0-9-]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const statements = splitStatements(readFileSync(path.join(folder, name), 'utf8'));
      const checksum = createHash('sha256').update(statements.join(';\n')).digest('hex');
      return { name, statements, checksum };
    });
}

/**
 * Brings the warehouse to the newest migration, each in a transaction of its own that also notes
 * it; one that is larger than a batch in several, the last of which notes it, for its statements
 * can be repeated. Safe when two loaders start at once: the second one finds the note and goes on.
 *
 * @throws {PipelineError} WH_5004 when an applied migration has been changed or one fails;
 *   WH_5003 when the warehouse cannot be reached.
 */
export async function migrate(
  api: DataApi,
  migrations: readonly Migration[],
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const applied = await readApplied(api, signal);
      for (const migration of migrations) {
        if (isApplied(migration, applied)) continue;
        await apply(api, migration, signal);
        log.info({ migration: migration.name }, 'migration applied');
      }
      return;
    } catch (error) {
      if (!(error instanceof StatementFailedError)) throw error;
      if (attempt === MAX_ATTEMPTS || !mayBeRace(error)) {
        throw new PipelineError('WH_5004', error.message, { cause: error, context: error.context });
      }
      log.info({ attempt, reason: error.message }, 'another loader migrates too: looking again');
      await abortableSleep(RETRY_MS * attempt, signal);
    }
  }
}

/** Checksums by name. The table is made here, for it cannot be a migration itself. */
async function readApplied(api: DataApi, signal: AbortSignal): Promise<Map<string, string>> {
  await api.runBatch(
    {
      name: 'migrations',
      token: randomUUID(),
      statements: [
        'CREATE SCHEMA IF NOT EXISTS ops',
        `CREATE TABLE IF NOT EXISTS ops.migrations (
  name VARCHAR(128) NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  applied_at TIMESTAMP NOT NULL
) DISTSTYLE ALL`,
      ],
    },
    { signal },
  );
  const { rows } = await api.query('SELECT name, checksum FROM ops.migrations', { signal });
  return new Map(rows.map((row) => [String(row['name']), String(row['checksum'])]));
}

function isApplied({ name, checksum }: Migration, applied: ReadonlyMap<string, string>): boolean {
  const known = applied.get(name);
  if (known !== undefined && known !== checksum) {
    throw new PipelineError('WH_5004', `${name} was changed after it had been applied`, {
      context: { migration: name, applied: known, found: checksum },
    });
  }
  return known !== undefined;
}

async function apply(
  api: DataApi,
  { name, checksum, statements }: Migration,
  signal: AbortSignal,
): Promise<void> {
  const note = quoteText(name);
  const last = Math.max(0, statements.length - MAX_STATEMENTS_AT_ONCE);
  for (let at = 0; at < last; at += MAX_STATEMENTS_AT_ONCE) {
    const some = statements.slice(at, Math.min(last, at + MAX_STATEMENTS_AT_ONCE));
    await api.runBatch(
      {
        name: `migration-${name}`,
        token: randomUUID(),
        statements: ['LOCK TABLE ops.migrations', ...some],
      },
      { signal },
    );
  }
  await api.runBatch(
    {
      name: `migration-${name}`,
      token: randomUUID(),
      statements: [
        'LOCK TABLE ops.migrations',
        // Divides by zero when another loader has applied it meanwhile.
        `INSERT INTO ops.migrations (name, checksum, applied_at)
SELECT ${note}, ${quoteText(checksum)}, getdate()
FROM (SELECT 1 / CASE WHEN count(*) = 0 THEN 1 ELSE 0 END AS absent FROM ops.migrations WHERE name = ${note}) q
WHERE q.absent = 1`,
        ...statements.slice(last),
      ],
    },
    { signal },
  );
}

/** CREATE … IF NOT EXISTS is not safe against itself: of two at once, one may collide in the catalog. */
function mayBeRace(error: StatementFailedError): boolean {
  return (
    error.retryable ||
    error.isDivisionByZero ||
    /duplicate key value|already exists|concurrent/i.test(error.failed.text)
  );
}
