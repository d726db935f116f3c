import { randomUUID } from 'node:crypto';
import type { DialectError } from '../dialect/dialect-error.ts';
import type { Translation } from '../dialect/translation.ts';
import type { StoredResult } from './result-store.ts';
import type { StatementRequest } from '../wire/statement-requests.ts';

/**
 * SUBMITTED → PICKED (has a connection) → STARTED → FINISHED, FAILED or ABORTED; the last three
 * are ends. ABORTED may follow each of the first three.
 */
export type StatementStatus =
  'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';

export type EndStatus = Extract<StatementStatus, 'FINISHED' | 'FAILED' | 'ABORTED'>;

/** Either what PostgreSQL is to run, or why the dialect refuses it when its turn comes. */
export type PlannedStatement = Translation | DialectError;

/** One SQL statement of a call. */
export interface SubStatement {
  readonly sql: string;
  readonly plan: PlannedStatement;
  status: StatementStatus;
  error: string | undefined;
  updatedAtMs: number;
  durationMs: number;
  /** Rows returned or affected; -1 when there is no such number. */
  rows: number;
  result: StoredResult | undefined;
}

/** A call and how far it is. */
export class Statement {
  readonly id: string;
  readonly request: StatementRequest;
  readonly parts: readonly SubStatement[];
  readonly createdAtMs = Date.now();
  /** Settles at the end, whatever the end is. */
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();
  readonly #end: () => void;
  #status: StatementStatus = 'SUBMITTED';
  #error: string | undefined;
  #updatedAtMs = this.createdAtMs;
  #startedAtMs: number | undefined;
  #pid = 0;

  constructor(request: StatementRequest, plans: readonly PlannedStatement[]) {
    this.id = randomUUID();
    this.request = request;
    this.parts = plans.map((plan, index) => ({
      sql: request.sqls[index] ?? '',
      plan,
      status: 'SUBMITTED',
      error: undefined,
      updatedAtMs: this.createdAtMs,
      durationMs: 0,
      rows: -1,
      result: undefined,
    }));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#end = () => resolve(undefined);
  }

  get status(): StatementStatus {
    return this.#status;
  }

  get error(): string | undefined {
    return this.#error;
  }

  get updatedAtMs(): number {
    return this.#updatedAtMs;
  }

  /** Process id of the backend that runs it; 0 before. */
  get pid(): number {
    return this.#pid;
  }

  /** Aborted by CancelStatement and when the service closes. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get hasEnded(): boolean {
    return this.#status === 'FINISHED' || this.#status === 'FAILED' || this.#status === 'ABORTED';
  }

  get durationMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.#updatedAtMs - this.#startedAtMs;
  }

  get hasResultSet(): boolean {
    return this.parts.some(({ result }) => result !== undefined);
  }

  /** Only reads: running it a second time changes nothing, so its token needs no journal. */
  get isReadOnly(): boolean {
    return this.parts.every(({ plan }) => plan instanceof Error || plan.statement === 'SELECT');
  }

  pick(pid: number): void {
    this.#pid = pid;
    this.#become('PICKED');
  }

  start(): void {
    this.#startedAtMs = Date.now();
    this.#become('STARTED');
  }

  end(status: EndStatus, error?: string): void {
    if (this.hasEnded) return;
    this.#error = error;
    this.#become(status);
    this.#end();
  }

  abort(): void {
    this.#abort.abort();
  }

  #become(status: StatementStatus): void {
    this.#status = status;
    this.#updatedAtMs = Date.now();
  }
}
