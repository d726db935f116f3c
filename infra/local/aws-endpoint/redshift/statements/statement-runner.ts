import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type ClientBase, type Pool, type PoolClient, type QueryArrayConfig } from 'pg';
import type { Faults } from '../../faults.ts';
import type { ParquetCopy } from '../copy/copy-parquet.ts';
import type { SqlTranslation } from '../dialect/translation.ts';
import type { ResultStore, StoredResult } from './result-store.ts';
import type { PostgresColumn } from '../wire/result-values.ts';
import {
  errorText,
  InjectedFailure,
  isAnswer,
  isKnownToken,
  StatementAborted,
} from './statement-errors.ts';
import type { StatementJournal } from './statement-journal.ts';
import type { Statement, SubStatement } from './statement.ts';

/** The knobs that break statements; `../faults.ts` has them. */
export type StatementFaults = Pick<Faults, 'next'>;

export interface RunnerParts {
  readonly pool: Pool;
  readonly journal: StatementJournal;
  readonly results: ResultStore;
  readonly copy: ParquetCopy;
  readonly faults: StatementFaults | undefined;
  /** Cancels what a backend runs. */
  readonly cancel: (pid: number) => Promise<void>;
}

/**
 * Runs a call to its end on one connection. Never rejects: how it went stands in the statement.
 */
export async function runStatement(statement: Statement, parts: RunnerParts): Promise<void> {
  let client: PoolClient;
  try {
    client = await parts.pool.connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    statement.end('FAILED', `ERROR: connection refused by the warehouse: ${reason}`);
    return;
  }
  // Without a listener a connection that breaks would end the process; the query in flight fails.
  const onError = (): void => undefined;
  client.on('error', onError);
  let broken: unknown;
  try {
    statement.pick(backendId(client));
    const { databaseUser } = statement.request;
    if (databaseUser !== undefined) {
      await client.query(`SET SESSION AUTHORIZATION ${pg.escapeIdentifier(databaseUser)}`);
    }
    statement.start();
    if (statement.request.mode === 'AUTO_COMMIT') await runOneByOne(statement, client, parts);
    else await runTogether(statement, client, parts);
    // A call is a session of its own: what temporary tables it left go with it.
    if (!statement.isReadOnly) await client.query('DISCARD ALL');
    else if (databaseUser !== undefined) await client.query('RESET SESSION AUTHORIZATION');
  } catch (error) {
    broken = error;
    statement.end('FAILED', errorText(error));
  } finally {
    client.off('error', onError);
    client.release(broken !== undefined);
  }
}

/** All statements as one transaction; the first failure rolls all back. */
async function runTogether(
  statement: Statement,
  client: PoolClient,
  parts: RunnerParts,
): Promise<void> {
  const bare = statement.request.operation === 'ExecuteStatement' && isBare(statement.parts[0]);
  let committing = false;
  try {
    // Nearest to Redshift's SNAPSHOT isolation. The snapshot is taken at the first statement that
    // reads, so that a LOCK which comes too late shows.
    if (!bare) await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    for (const part of statement.parts) {
      if (isBare(part) && !bare) {
        throw failPart(part, new Error('VACUUM cannot run inside a transaction block'));
      }
      await runPart(statement, part, client, parts);
    }
    if (!statement.isReadOnly) await parts.journal.record(client, statement, 'FINISHED');
    throwIfAborted(statement);
    committing = true;
    if (!bare) await client.query('COMMIT');
    statement.end('FINISHED');
  } catch (error) {
    await concludeFailure(statement, client, parts, { error, committing });
  }
  if (!statement.isReadOnly) await parts.journal.sweep();
}

async function concludeFailure(
  statement: Statement,
  client: PoolClient,
  parts: RunnerParts,
  { error, committing }: { readonly error: unknown; readonly committing: boolean },
): Promise<void> {
  const token = statement.request.clientToken;
  if (isKnownToken(error)) {
    // An earlier life of the endpoint was still committing this very call: it has run once.
    await client.query('ROLLBACK');
    const recorded = await parts.journal.findToken(token ?? '');
    const finished = recorded?.outcome.status === 'FINISHED';
    statement.end(finished ? 'FINISHED' : 'FAILED', recorded?.outcome.error);
    return;
  }
  if (committing && !isAnswer(error) && token !== undefined) {
    // The connection broke while the commit was on its way: the journal knows what became of it.
    const recorded = await parts.journal.findTokenPatiently(token);
    if (recorded?.id === statement.id) {
      statement.end('FINISHED');
      throw error;
    }
  }
  for (const part of statement.parts) discardPart(part);
  const aborted = statement.signal.aborted || error instanceof StatementAborted;
  const text = errorText(aborted ? new StatementAborted() : error);
  const status = aborted ? 'ABORTED' : 'FAILED';
  // Without a connection PostgreSQL rolls back by itself.
  const rolledBack = await client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
  if (rolledBack && !statement.isReadOnly) await parts.journal.recordEnd(statement, status, text);
  statement.end(status, text);
  if (!rolledBack) throw error;
}

/** Each statement for itself; a failure does not keep the others from running. */
async function runOneByOne(
  statement: Statement,
  client: PoolClient,
  parts: RunnerParts,
): Promise<void> {
  // Written first: nobody can tell how far a call came whose endpoint was killed, so it is never
  // run a second time.
  if (!statement.isReadOnly) await parts.journal.record(client, statement, 'STARTED');
  let firstError: string | undefined;
  for (const part of statement.parts) {
    if (statement.signal.aborted) break;
    try {
      if (!isBare(part)) await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await runPart(statement, part, client, parts);
      if (!isBare(part)) await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      firstError ??= errorText(error);
    }
  }
  const aborted = statement.signal.aborted;
  for (const part of statement.parts) if (part.status === 'SUBMITTED') discardPart(part);
  const error = aborted ? errorText(new StatementAborted()) : firstError;
  const status = aborted ? 'ABORTED' : firstError === undefined ? 'FINISHED' : 'FAILED';
  if (!statement.isReadOnly) await parts.journal.record(client, statement, status, error);
  statement.end(status, error);
}

/** Runs one statement. @throws what it failed with, after writing it into the part. */
async function runPart(
  statement: Statement,
  part: SubStatement,
  client: PoolClient,
  parts: RunnerParts,
): Promise<void> {
  const startedAt = performance.now();
  part.status = 'STARTED';
  try {
    throwIfAborted(statement);
    await actOutFault(statement, part, parts.faults);
    if (part.plan instanceof Error) throw part.plan;
    part.rows =
      part.plan.kind === 'copy'
        ? await parts.copy.run(client, part.plan, statement.signal)
        : await runSql(statement, part, client, { plan: part.plan, parts });
    throwIfAborted(statement);
    part.status = 'FINISHED';
  } catch (error) {
    throw failPart(part, statement.signal.aborted ? new StatementAborted() : error);
  } finally {
    part.durationMs = performance.now() - startedAt;
    part.updatedAtMs = Date.now();
  }
}

async function runSql(
  statement: Statement,
  part: SubStatement,
  client: PoolClient,
  { plan, parts }: { readonly plan: SqlTranslation; readonly parts: RunnerParts },
): Promise<number> {
  const values = plan.parameters.map((name) => {
    const value = statement.request.parameters.get(name);
    if (value === undefined) throw new Error(`parameter :${name} is not given`);
    return value;
  });
  if (plan.returnsRows) {
    part.result = await readRows(client, { text: plan.sql, values }, parts);
    return part.result.rowCount;
  }
  const { rowCount } = await client.query(plan.sql, values);
  for (const followUp of plan.followUps) await client.query(followUp);
  return rowCount ?? -1;
}

/** Reads a query's rows page by page into the store. */
async function readRows(
  client: PoolClient,
  query: { readonly text: string; readonly values: readonly string[] },
  parts: RunnerParts,
): Promise<StoredResult> {
  const writer = parts.results.writer();
  const config: QueryArrayConfig = {
    text: query.text,
    values: [...query.values],
    rowMode: 'array',
    types: { getTypeParser: () => (value: unknown) => value },
  };
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let described = false;
  let limit: Error | undefined;
  const describe = (columns: readonly PostgresColumn[]): void => {
    if (!described) writer.describe(columns);
    described = true;
  };
  const running = new pg.Query<(string | null)[]>(config);
  running.on('row', (row, result) => {
    if (limit !== undefined) return;
    try {
      describe(result?.fields ?? []);
      writer.add(row);
    } catch (error) {
      limit = error instanceof Error ? error : new Error(String(error));
      void parts.cancel(backendId(client)).catch(reject);
    }
  });
  running.on('end', (result) => {
    describe(result.fields);
    resolve(undefined);
  });
  running.on('error', reject);
  client.query(running);
  try {
    await promise;
    if (limit === undefined) return writer.finish();
  } catch (error) {
    writer.abandon();
    throw limit ?? error;
  }
  writer.abandon();
  throw limit;
}

async function actOutFault(
  statement: Statement,
  part: SubStatement,
  faults: StatementFaults | undefined,
): Promise<void> {
  const fault = faults?.next(statement.request.operation, part.sql);
  if (fault?.action === 'failed-statement') throw new InjectedFailure(fault.message);
  if (fault?.action === 'aborted-statement') throw new StatementAborted();
  if (fault?.action === 'slow-statement') {
    await sleep(fault.ms, undefined, { signal: statement.signal });
  }
}

function failPart(part: SubStatement, cause: unknown): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  part.status = error instanceof StatementAborted ? 'ABORTED' : 'FAILED';
  part.error = errorText(error);
  part.result?.discard();
  part.result = undefined;
  return error;
}

/** What a rolled-back call leaves of a part that did not fail itself. */
function discardPart(part: SubStatement): void {
  part.result?.discard();
  part.result = undefined;
  if (part.status === 'SUBMITTED') part.status = 'ABORTED';
}

function throwIfAborted(statement: Statement): void {
  if (statement.signal.aborted) throw new StatementAborted();
}

function isBare(part: SubStatement | undefined): boolean {
  return part !== undefined && !(part.plan instanceof Error) && !part.plan.transactional;
}

/** Process id of the backend; pg's types leave it out. */
function backendId(client: ClientBase): number {
  return (client as ClientBase & { readonly processID?: number }).processID ?? 0;
}
