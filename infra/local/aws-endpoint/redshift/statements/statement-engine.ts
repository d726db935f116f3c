import pg from 'pg';
import { AwsServiceError } from '../../service.ts';
import type { FetchObject, ListKeys } from '../copy/source-objects.ts';
import { ParquetCopy } from '../copy/copy-parquet.ts';
import { DialectError } from '../dialect/dialect-error.ts';
import { translate } from '../dialect/translate.ts';
import { ResultStore } from './result-store.ts';
import { StatementJournal, type RecordedStatement } from './statement-journal.ts';
import { StatementRegistry } from './statement-registry.ts';
import { validationError, type StatementRequest } from '../wire/statement-requests.ts';
import { runStatement, type StatementFaults } from './statement-runner.ts';
import { Statement, type PlannedStatement } from './statement.ts';
import { prepareWarehouse } from '../warehouse.ts';

export interface StatementEngineOptions {
  readonly connectionString: string;
  readonly fetchObject: FetchObject;
  readonly listKeys: ListKeys | undefined;
  readonly faults: StatementFaults | undefined;
  readonly maxConnections: number;
}

/** Statements of an account that may be SUBMITTED, PICKED or STARTED (data-api, quotas). */
const MAX_ACTIVE_STATEMENTS = 500;

/**
 * Sessions of the Data API: memory for sorts and temporary tables, no words about objects that
 * exist. Their ANALYZE is of temporary tables, wide ones that are read a few times: a tenth of the
 * usual sample plans the same joins.
 */
const SESSION_OPTIONS =
  '-c work_mem=128MB -c temp_buffers=64MB -c default_statistics_target=10 ' +
  '-c client_min_messages=warning -c timezone=UTC';

/** Connections for what must not wait behind the statements: journal and cancelling. */
const SIDE_CONNECTIONS = 3;

/** Starts calls, each on a connection of its own, and knows them by id and by client token. */
export class StatementEngine {
  readonly registry = new StatementRegistry();
  readonly #connectionString: string;
  readonly #faults: StatementFaults | undefined;
  readonly #pool: pg.Pool;
  readonly #sidePool: pg.Pool;
  readonly #journal: StatementJournal;
  readonly #results = new ResultStore();
  readonly #copy: ParquetCopy;
  /** Calls whose token is being looked up, so that a token that comes twice at once runs once. */
  readonly #submitting = new Map<string, Promise<Statement | RecordedStatement>>();
  readonly #running = new Set<Promise<void>>();
  #prepared: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: StatementEngineOptions) {
    const { connectionString, maxConnections } = options;
    this.#connectionString = connectionString;
    this.#faults = options.faults;
    this.#pool = createPool(connectionString, maxConnections);
    this.#sidePool = createPool(connectionString, SIDE_CONNECTIONS);
    this.#journal = new StatementJournal(this.#sidePool);
    this.#copy = new ParquetCopy(options);
  }

  /**
   * Starts a call; the same token gives the same call (data-api, "Idempotency"), across a restart
   * too when the call writes.
   *
   * @throws {AwsServiceError} when it is refused before it runs.
   */
  async submit(request: StatementRequest): Promise<Statement | RecordedStatement> {
    const token = request.clientToken;
    if (token === undefined) return this.#start(request);
    const known = this.registry.findToken(token) ?? this.#submitting.get(token);
    if (known) return known;
    const submitting = this.#start(request);
    this.#submitting.set(token, submitting);
    try {
      return await submitting;
    } finally {
      this.#submitting.delete(token);
    }
  }

  /** A call of an earlier life of the endpoint. */
  async findRecorded(id: string): Promise<RecordedStatement | undefined> {
    await this.#reach(() => this.#prepare());
    return this.#reach(() => this.#journal.findId(id));
  }

  async cancel(statement: Statement): Promise<void> {
    statement.abort();
    if (statement.pid !== 0) await this.#reach(() => this.#cancelBackend(statement.pid));
  }

  /** Cancels what runs, waits for it and closes the connections. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    await Promise.allSettled(
      Array.from(this.registry.active, (statement) => this.cancel(statement)),
    );
    await Promise.allSettled(this.#running);
    await Promise.all([this.#pool.end(), this.#sidePool.end(), this.#copy.close()]);
    this.#results.close();
  }

  async #start(request: StatementRequest): Promise<Statement | RecordedStatement> {
    const statement = new Statement(request, request.sqls.map(plan));
    refuseUnusedParameters(statement);
    if (this.registry.active.size >= MAX_ACTIVE_STATEMENTS) {
      throw new AwsServiceError(
        'ActiveStatementsExceededException',
        `${MAX_ACTIVE_STATEMENTS} statements are active`,
      );
    }
    await this.#reach(() => this.#prepare());
    const token = request.clientToken;
    if (token !== undefined && !statement.isReadOnly) {
      const recorded = await this.#reach(() => this.#journal.findToken(token));
      if (recorded) return recorded;
    }
    if (this.#closed) throw new AwsServiceError('InternalServerException', 'shutting down', 500);
    this.registry.add(statement);
    this.#run(statement);
    return statement;
  }

  #run(statement: Statement): void {
    const running = runStatement(statement, {
      pool: this.#pool,
      journal: this.#journal,
      results: this.#results,
      copy: this.#copy,
      faults: this.#faults,
      cancel: (pid) => this.#cancelBackend(pid),
    }).then(() => {
      this.registry.settle(statement);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Once; tried again after a failure. */
  async #prepare(): Promise<void> {
    this.#prepared ??= prepareWarehouse(this.#connectionString);
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw error;
    }
  }

  async #reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AwsServiceError('DatabaseConnectionException', reason, 500);
    }
  }

  async #cancelBackend(pid: number): Promise<void> {
    await this.#sidePool.query('SELECT pg_cancel_backend($1)', [pid]);
  }
}

function createPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max, options: SESSION_OPTIONS });
  // An idle connection that breaks leaves the pool by itself.
  pool.on('error', () => undefined);
  return pool;
}

function plan(sql: string): PlannedStatement {
  try {
    return translate(sql);
  } catch (error) {
    if (error instanceof DialectError) return error;
    throw error;
  }
}

/** Each parameter must be used by a statement (API_BatchExecuteStatement, `Parameters`). */
function refuseUnusedParameters({ parts, request }: Statement): void {
  const used = new Set<string>();
  for (const { plan: planned } of parts) {
    // What a refused statement would have used is not known; it fails by itself.
    if (planned instanceof Error) return;
    for (const name of planned.parameters) used.add(name);
  }
  const unused = [...request.parameters.keys()].filter((name) => !used.has(name));
  if (unused.length === 0) return;
  throw validationError(`Parameters list contains unused parameters: ${unused.join(', ')}`);
}
