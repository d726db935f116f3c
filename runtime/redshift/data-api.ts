import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
  type DescribeStatementResponse,
  type Field,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import type { Logger } from '../observability/log.ts';
import { PipelineError } from '../pipeline-error.ts';
import { requestError, StatementFailedError } from './data-api-errors.ts';

interface DataApiTarget {
  readonly workgroupName: string;
  readonly database: string;
  readonly secretArn?: string | undefined;
}

export type WarehouseValue = string | number | boolean | null;
export type WarehouseRow = Readonly<Record<string, WarehouseValue>>;

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly typeName: string }[];
  /**
   * DECIMAL, DATE and TIMESTAMP are texts. A BIGINT above 2^53 is rounded by the SDK: cast it to
   * VARCHAR in the query.
   */
  readonly rows: readonly WarehouseRow[];
}

interface CallOptions {
  /** Ends the waiting, not the statement. */
  readonly signal?: AbortSignal | undefined;
}

export interface Batch {
  /** Name of the statement, by which `running` finds it. */
  readonly name: string;
  /** At most 40, each at most 100 KB; one transaction. */
  readonly statements: readonly string[];
  /**
   * Values of `:name` in the statements, never empty; each is used by a statement at least
   * (BatchExecuteStatement, `Parameters`). They come as texts: cast them in the SQL.
   */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * Client token, at most 64 characters. The same token gives the same run (for 8 hours), also
   * when its reply was lost; a failed batch needs a new one.
   */
  readonly token: string;
}

export interface DataApi {
  /**
   * Runs statements as one transaction and waits for its end.
   *
   * @returns the batch's id; the result of its n-th statement (from 1) is `result('<id>:<n>')`.
   * @throws {StatementFailedError} rolled back.
   * @throws {PipelineError} WH_5003 when the API refused the call or stayed unreachable; when that
   *   is `retryable` the outcome is unknown and the same token may be tried again.
   */
  runBatch(batch: Batch, options?: CallOptions): Promise<{ readonly id: string }>;
  /** Runs one statement and reads all of its rows. Throws as {@link DataApi.runBatch} does. */
  query(sql: string, options?: CallOptions): Promise<QueryResult>;
  /** Reads the rows of a finished statement. */
  result(statementId: string, options?: CallOptions): Promise<QueryResult>;
  /** Ids of this role's unfinished statements whose name begins so. */
  running(namePrefix: string, options?: CallOptions): Promise<readonly string[]>;
}

export interface DataApiOptions {
  readonly client: RedshiftDataClient;
  readonly target: DataApiTarget;
  readonly log?: Logger | undefined;
  /** Called after every answer while a statement runs: a long batch is no standstill. */
  readonly onWait?: (() => void) | undefined;
  /** For how long a call that fails in passing is tried again. */
  readonly giveUpMs?: number | undefined;
  /** First pause of the exponential backoff with full jitter. */
  readonly backoffMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

interface HttpOptions {
  readonly abortSignal?: AbortSignal;
}

/** Seconds of one long poll (30 at most); the client's request timeout must lie above it. */
const WAIT_SECONDS = 20;
const GIVE_UP_MS = 120_000;
const BACKOFF_MS = 200;
const BACKOFF_CAP_MS = 20_000;
/** A server that does not wait, but answers at once, is asked again after so long. */
const POLL_MIN_MS = 25;
const POLL_MAX_MS = 1_000;

/**
 * Client of the Redshift Data API (API reference, "Amazon Redshift Data API"). Everything is
 * asynchronous there: a submit says nothing about the SQL, so every run is waited for and a
 * failure is thrown with the statement that caused it.
 */
export function createDataApi(options: DataApiOptions): DataApi {
  const { client, log, onWait, now = () => performance.now() } = options;
  const { giveUpMs = GIVE_UP_MS, backoffMs = BACKOFF_MS } = options;
  const target = {
    WorkgroupName: options.target.workgroupName,
    Database: options.target.database,
    ...(options.target.secretArn === undefined ? {} : { SecretArn: options.target.secretArn }),
  };

  /** Tries a call until it answers, is refused for good, or the time is over. */
  async function persist<T>(
    call: (http: HttpOptions) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const http = signal === undefined ? {} : { abortSignal: signal };
    const startedAt = now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await call(http);
        onWait?.();
        return answer;
      } catch (cause) {
        signal?.throwIfAborted();
        const error = requestError(cause);
        if (!error.retryable || now() - startedAt >= giveUpMs) throw error;
        log?.warn({ attempt, reason: error.message }, 'Data API call failed, trying again');
        onWait?.();
        const ceiling = Math.min(BACKOFF_CAP_MS, backoffMs * 2 ** Math.min(attempt, 10));
        await sleep(Math.random() * ceiling, undefined, { signal });
      }
    }
  }

  async function waitForEnd(
    name: string,
    id: string,
    submitted: { Status?: string | undefined; HasResultSet?: boolean | undefined },
    signal: AbortSignal | undefined,
  ): Promise<{ readonly hasRows: boolean }> {
    if (submitted.Status === 'FINISHED' && submitted.HasResultSet !== undefined) {
      return { hasRows: submitted.HasResultSet };
    }
    for (let pauseMs = POLL_MIN_MS; ; pauseMs = Math.min(POLL_MAX_MS, pauseMs * 2)) {
      const askedAt = now();
      const describe = new DescribeStatementCommand({ Id: id, WaitTimeSeconds: WAIT_SECONDS });
      const answer = await persist((http) => client.send(describe, http), signal).catch(
        (error: unknown) => {
          throw isNotFound(error) ? lost(name, id) : error;
        },
      );
      if (answer.Status === 'FINISHED') return { hasRows: answer.HasResultSet ?? false };
      if (answer.Status === 'FAILED' || answer.Status === 'ABORTED') {
        throw failure(name, id, answer, answer.Status);
      }
      if (now() - askedAt < pauseMs) await sleep(pauseMs, undefined, { signal });
    }
  }

  async function result(statementId: string, { signal }: CallOptions = {}): Promise<QueryResult> {
    let columns: { name: string; typeName: string }[];
    const rows: WarehouseRow[] = [];
    let nextToken: string | undefined;
    do {
      const page = await persist(
        (http) =>
          client.send(
            new GetStatementResultCommand({ Id: statementId, NextToken: nextToken }),
            http,
          ),
        signal,
      );
      columns = (page.ColumnMetadata ?? []).map((column) => ({
        name: column.label ?? column.name ?? '',
        typeName: column.typeName ?? '',
      }));
      for (const record of page.Records ?? []) {
        rows.push(
          Object.fromEntries(columns.map(({ name }, index) => [name, fieldValue(record[index])])),
        );
      }
      nextToken = page.NextToken === '' ? undefined : page.NextToken;
    } while (nextToken !== undefined);
    return { columns, rows };
  }

  return {
    result,

    async runBatch({ name, statements, parameters = {}, token }, { signal } = {}) {
      signal?.throwIfAborted();
      const bound = Object.entries(parameters).map(([key, value]) => ({ name: key, value }));
      const submitted = await persist(
        (http) =>
          client.send(
            new BatchExecuteStatementCommand({
              ...target,
              Sqls: [...statements],
              ...(bound.length === 0 ? {} : { Parameters: bound }),
              StatementName: name,
              ClientToken: token,
              WaitTimeSeconds: WAIT_SECONDS,
            }),
            http,
          ),
        signal,
      );
      const id = submitted.Id ?? '';
      await waitForEnd(name, id, submitted, signal);
      return { id };
    },

    async query(sql, { signal } = {}) {
      signal?.throwIfAborted();
      const token = randomUUID();
      const submitted = await persist(
        (http) =>
          client.send(
            new ExecuteStatementCommand({
              ...target,
              Sql: sql,
              ClientToken: token,
              WaitTimeSeconds: WAIT_SECONDS,
            }),
            http,
          ),
        signal,
      );
      const id = submitted.Id ?? '';
      const { hasRows } = await waitForEnd('query', id, submitted, signal);
      return hasRows ? result(id, { signal }) : { columns: [], rows: [] };
    },

    async running(namePrefix, { signal } = {}) {
      const ids: string[] = [];
      for (const Status of ['SUBMITTED', 'PICKED', 'STARTED'] as const) {
        let NextToken: string | undefined;
        do {
          const page = await persist(
            (http) =>
              client.send(
                new ListStatementsCommand({
                  StatementName: namePrefix,
                  RoleLevel: true,
                  Status,
                  NextToken,
                }),
                http,
              ),
            signal,
          );
          for (const { Id } of page.Statements ?? []) if (Id !== undefined) ids.push(Id);
          NextToken = page.NextToken === '' ? undefined : page.NextToken;
        } while (NextToken !== undefined);
      }
      return ids;
    },
  };
}

/** The API keeps statements for 24 hours; a local endpoint forgets them when it is started again. */
function lost(name: string, statementId: string): StatementFailedError {
  return new StatementFailedError(name, { statementId, status: 'LOST', text: 'no such statement' });
}

function isNotFound(error: unknown): boolean {
  return error instanceof PipelineError && error.context['error'] === 'ResourceNotFoundException';
}

function failure(
  name: string,
  statementId: string,
  answer: DescribeStatementResponse,
  status: string,
): StatementFailedError {
  const parts = answer.SubStatements ?? [];
  const index = parts.findIndex((part) => part.Status === 'FAILED' || part.Status === 'ABORTED');
  const part = parts[index];
  const sql = part?.QueryString ?? answer.QueryString;
  return new StatementFailedError(name, {
    statementId,
    status,
    text: part?.Error ?? answer.Error ?? 'no reason given',
    ...(part ? { index } : {}),
    ...(sql === undefined ? {} : { sql }),
  });
}

/** DECIMAL, DATE and TIMESTAMP travel as texts, VARBYTE as bytes (given here as hex). */
function fieldValue(field: Field | undefined): WarehouseValue {
  if (field === undefined || field.isNull) return null;
  if (field.stringValue !== undefined) return field.stringValue;
  if (field.longValue !== undefined) return field.longValue;
  if (field.doubleValue !== undefined) return field.doubleValue;
  if (field.booleanValue !== undefined) return field.booleanValue;
  return field.blobValue === undefined ? null : Buffer.from(field.blobValue).toString('hex');
}
