import type { RecordedStatement } from '../statements/statement-journal.ts';
import type { StatementRequest } from './statement-requests.ts';
import type { Statement, SubStatement } from '../statements/statement.ts';

/** User of the database that the local caller is. */
const DB_USER = 'IAMR:careplus-local';

const NANOSECONDS = 1_000_000;

/** Epoch seconds as JSON numbers; anything else makes the SDK throw. */
const seconds = (milliseconds: number): number => milliseconds / 1000;
const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * NANOSECONDS);

/** Reply to ExecuteStatement and BatchExecuteStatement. */
export function submitReply(statement: Statement): object {
  return {
    Id: statement.id,
    CreatedAt: seconds(statement.createdAtMs),
    ...identity(statement.request),
    Status: statement.status,
    HasResultSet: statement.hasResultSet,
    RedshiftPid: statement.pid,
  };
}

/** The same for a call that an earlier life of the endpoint has run. */
export function recordedSubmitReply(
  recorded: RecordedStatement,
  request: StatementRequest,
): object {
  return {
    Id: recorded.id,
    CreatedAt: seconds(recorded.outcome.createdAtMs),
    ...identity(request),
    Status: recordedStatus(recorded),
    HasResultSet: false,
    RedshiftPid: recorded.outcome.pid,
  };
}

/** Reply to DescribeStatement. */
export function describeReply(statement: Statement): object {
  const isBatch = statement.request.operation === 'BatchExecuteStatement';
  const [first] = statement.parts;
  const single = isBatch ? undefined : first;
  return {
    Id: statement.id,
    ...identity(statement.request),
    Status: statement.status,
    ...(statement.error === undefined ? {} : { Error: statement.error }),
    HasResultSet: statement.hasResultSet,
    Duration: nanoseconds(statement.durationMs),
    CreatedAt: seconds(statement.createdAtMs),
    UpdatedAt: seconds(statement.updatedAtMs),
    RedshiftPid: statement.pid,
    RedshiftQueryId: isBatch ? 0 : -1,
    ResultFormat: 'JSON',
    ...(single
      ? { QueryString: single.sql, ResultRows: single.rows, ResultSize: resultSize(single) }
      : { ResultRows: -1, ResultSize: -1, ExecutionMode: statement.request.mode }),
    ...(statement.request.parameters.size === 0
      ? {}
      : { QueryParameters: parameterList(statement.request) }),
    ...(isBatch
      ? { SubStatements: statement.parts.map((_, index) => subReply(statement, index)) }
      : {}),
  };
}

/** The n-th statement of a batch, from 0, as SubStatements lists it. */
export function subReply(statement: Statement, index: number): object {
  const part = statement.parts[index];
  if (!part) return {};
  return {
    Id: `${statement.id}:${index + 1}`,
    Status: part.status,
    ...(part.error === undefined ? {} : { Error: part.error }),
    QueryString: part.sql,
    HasResultSet: part.result !== undefined,
    Duration: nanoseconds(part.durationMs),
    CreatedAt: seconds(statement.createdAtMs),
    UpdatedAt: seconds(part.updatedAtMs),
    RedshiftQueryId: -1,
    ResultRows: part.rows,
    ResultSize: resultSize(part),
  };
}

/** Describes a call of an earlier life: how it went, without its SQL and its rows. */
export function recordedDescribeReply({ id, outcome }: RecordedStatement, status: string): object {
  return {
    Id: id,
    Status: status,
    ...(outcome.error === undefined ? {} : { Error: outcome.error }),
    HasResultSet: false,
    Duration: nanoseconds(outcome.durationMs),
    CreatedAt: seconds(outcome.createdAtMs),
    UpdatedAt: seconds(outcome.updatedAtMs),
    RedshiftPid: outcome.pid,
    ...(outcome.batch
      ? {
          SubStatements: outcome.parts.map((part, index) => ({
            Id: `${id}:${index + 1}`,
            Status: part.status,
            ...(part.error === undefined ? {} : { Error: part.error }),
            HasResultSet: false,
            Duration: nanoseconds(part.durationMs),
            ResultRows: part.rows,
          })),
        }
      : {}),
  };
}

/** A call that commits statement by statement and whose endpoint was killed ended there. */
export function recordedStatus({ outcome }: RecordedStatement): string {
  return outcome.status === 'STARTED' ? 'ABORTED' : outcome.status;
}

/** One entry of ListStatements. */
export function listEntry(statement: Statement): object {
  const isBatch = statement.request.operation === 'BatchExecuteStatement';
  return {
    Id: statement.id,
    Status: statement.status,
    CreatedAt: seconds(statement.createdAtMs),
    UpdatedAt: seconds(statement.updatedAtMs),
    IsBatchStatement: isBatch,
    ...(isBatch
      ? { QueryStrings: statement.request.sqls }
      : { QueryString: statement.request.sqls[0] }),
    ...(statement.request.name === undefined ? {} : { StatementName: statement.request.name }),
  };
}

function identity(request: StatementRequest): object {
  return {
    Database: request.database,
    WorkgroupName: request.workgroupName,
    DbUser: DB_USER,
    ...(request.secretArn === undefined ? {} : { SecretArn: request.secretArn }),
  };
}

function parameterList(request: StatementRequest): object[] {
  return [...request.parameters].map(([name, value]) => ({ name, value }));
}

function resultSize(part: SubStatement): number {
  return part.result?.byteLength ?? -1;
}
