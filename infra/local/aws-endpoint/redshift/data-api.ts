import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ACCOUNT } from '../authorization/authorizer.ts';
import type { Access } from '../authorization/policy-evaluation.ts';
import { AwsServiceError, type JsonCall, type JsonService } from '../service.ts';
import type { FetchObject, ListKeys } from './copy/source-objects.ts';
import type { StoredResult } from './statements/result-store.ts';
import { StatementEngine } from './statements/statement-engine.ts';
import {
  describeReply,
  listEntry,
  recordedDescribeReply,
  recordedStatus,
  recordedSubmitReply,
  submitReply,
  subReply,
} from './wire/statement-replies.ts';
import {
  parseBatch,
  parseCancel,
  parseDescribe,
  parseExecute,
  parseList,
  parseResult,
  MAX_LISTED,
  validationError,
  type StatementRequest,
  type Workgroup,
} from './wire/statement-requests.ts';
import type { StatementFaults } from './statements/statement-runner.ts';
import { Statement } from './statements/statement.ts';

export interface RedshiftDataOptions {
  /** PostgreSQL 15 as a superuser; its database is the one that callers name. */
  readonly connectionString: string;
  /** Reads an object of the lake, for COPY. */
  readonly fetchObject: FetchObject;
  /** Lists keys of the lake: COPY without MANIFEST is refused when it is missing. */
  readonly listKeys?: ListKeys;
  readonly faults?: StatementFaults;
  /** @default 'careplus' */
  readonly workgroupName?: string;
  /** Secrets that callers may name; any other is refused. */
  readonly secretArns?: readonly string[];
  /** The database user of an access key, as a workgroup derives `IAMR:<role>` folded to lower case from its caller. */
  readonly databaseUser?: (caller: string) => string | undefined;
  /** Calls that run at the same time; the others wait as SUBMITTED. @default 10 */
  readonly maxConnections?: number;
}

/**
 * The Redshift Data API (API reference, "Amazon Redshift Data API") in front of PostgreSQL: takes
 * the dialect of Amazon Redshift as far as its allow-list goes, and refuses everything else.
 */
export function createRedshiftDataService(options: RedshiftDataOptions): JsonService {
  return new RedshiftDataService(options);
}

class RedshiftDataService implements JsonService {
  readonly targetPrefix = 'RedshiftData';
  readonly #workgroup: Workgroup;
  readonly #engine: StatementEngine;
  readonly #databaseUser: (caller: string) => string | undefined;

  constructor(options: RedshiftDataOptions) {
    const { connectionString, fetchObject, listKeys, faults, maxConnections = 10 } = options;
    this.#databaseUser = options.databaseUser ?? (() => undefined);
    this.#workgroup = {
      name: options.workgroupName ?? 'careplus',
      database: new pg.Client({ connectionString }).database ?? '',
      secretArns: options.secretArns ?? [],
    };
    this.#engine = new StatementEngine({
      connectionString,
      fetchObject,
      listKeys,
      faults,
      maxConnections,
    });
  }

  /** Statements are no resources: whoever ran one may ask for it (Redshift management guide). */
  accesses({ operation, input, caller, region }: Omit<JsonCall, 'signal'>): Access[] {
    const action = `redshift-data:${operation}`;
    if (operation === 'ExecuteStatement' || operation === 'BatchExecuteStatement') {
      const { WorkgroupName: name, SecretArn: secret } = input;
      const resource =
        typeof name === 'string'
          ? `arn:aws:redshift-serverless:${region}:${ACCOUNT}:workgroup/${name}`
          : '*';
      const login =
        typeof secret === 'string'
          ? { action: 'secretsmanager:GetSecretValue', resource: secret }
          : { action: 'redshift-serverless:GetCredentials', resource };
      return [{ action, resource }, login];
    }
    const { id } = splitId(typeof input['Id'] === 'string' ? input['Id'] : '');
    const owner = this.#engine.registry.find(id)?.request.owner ?? caller;
    const context = { 'redshift-data:statement-owner-iam-userid': owner };
    return [{ action, resource: '*', context }];
  }

  async call({ operation, input, caller: owner, signal }: JsonCall): Promise<object> {
    const by = { owner, databaseUser: this.#databaseUser(owner) };
    switch (operation) {
      case 'ExecuteStatement':
        return this.#submit({ ...parseExecute(input, this.#workgroup), ...by }, signal);
      case 'BatchExecuteStatement':
        return this.#submit({ ...parseBatch(input, this.#workgroup), ...by }, signal);
      case 'DescribeStatement':
        return this.#describe(parseDescribe(input), signal);
      case 'GetStatementResult':
        return this.#result(parseResult(input), signal);
      case 'CancelStatement':
        return this.#cancel(parseCancel(input));
      case 'ListStatements':
        return this.#list(parseList(input), owner);
      default:
        throw new AwsServiceError('UnknownOperationException', `no operation ${operation}`);
    }
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #submit(request: StatementRequest, signal: AbortSignal): Promise<object> {
    const found = await this.#engine.submit(request);
    const hash = found instanceof Statement ? found.request.hash : found.requestHash;
    if (hash !== request.hash) {
      throw validationError('ClientToken: the token belongs to a call with other parameters');
    }
    if (!(found instanceof Statement)) return recordedSubmitReply(found, request);
    await waitForEnd(found, request.waitSeconds, signal);
    return submitReply(found);
  }

  async #describe(
    { Id, WaitTimeSeconds }: { readonly Id: string; readonly WaitTimeSeconds: number },
    signal: AbortSignal,
  ): Promise<object> {
    const { id, part } = splitId(Id);
    const statement = this.#engine.registry.find(id);
    if (!statement) {
      const recorded = await this.#engine.findRecorded(id);
      if (!recorded) throw notFound('Query does not exist.');
      return recordedDescribeReply(recorded, recordedStatus(recorded));
    }
    await waitForEnd(statement, WaitTimeSeconds, signal);
    if (part === undefined) return describeReply(statement);
    if (!statement.parts[part]) throw notFound('Query does not exist.');
    return subReply(statement, part);
  }

  async #result(
    request: {
      readonly Id: string;
      readonly WaitTimeSeconds: number;
      readonly NextToken?: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<object> {
    const { id, part } = splitId(request.Id);
    const statement = this.#engine.registry.find(id);
    if (!statement) throw notFound('Query does not exist.');
    await waitForEnd(statement, request.WaitTimeSeconds, signal);
    const isBatch = statement.request.operation === 'BatchExecuteStatement';
    if (isBatch && part === undefined) {
      throw validationError(
        'BatchExecuteStatement result can only be retrieved with sub-statement id.',
      );
    }
    const index = part ?? 0;
    const result = statement.parts[index]?.result;
    if (!result || statement.status !== 'FINISHED') {
      throw notFound(
        'Query does not have result. Please check query status with DescribeStatement.',
      );
    }
    return pageReply(result, request.NextToken);
  }

  async #cancel({ Id }: { readonly Id: string }): Promise<object> {
    const statement = this.#engine.registry.find(Id);
    if (!statement) throw notFound('Query does not exist.');
    if (statement.hasEnded) {
      throw validationError(
        `Could not cancel a query that is already in ${statement.status} state, ` +
          'please check the query status.',
      );
    }
    await this.#engine.cancel(statement);
    return { Status: true };
  }

  #list(request: ReturnType<typeof parseList>, owner: string): object {
    const { StatementName = '', Status, NextToken, Database, WorkgroupName } = request;
    const size = request.MaxResults === 0 ? MAX_LISTED : request.MaxResults;
    const found = this.#engine.registry
      .all()
      .filter(
        (statement) =>
          statement.request.owner === owner &&
          (Status === 'ALL' || statement.status === Status) &&
          (StatementName === '' || statement.request.name?.startsWith(StatementName) === true) &&
          (Database ?? statement.request.database) === statement.request.database &&
          (WorkgroupName ?? this.#workgroup.name) === this.#workgroup.name,
      )
      .reverse();
    const from = NextToken === undefined ? 0 : readPageToken(NextToken);
    const next = from + size;
    return {
      Statements: found.slice(from, next).map(listEntry),
      ...(next < found.length ? { NextToken: pageToken(next) } : {}),
    };
  }
}

async function waitForEnd(
  statement: Statement,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (seconds === 0 || statement.hasEnded) return;
  const over = new AbortController();
  const timer = sleep(seconds * 1000, undefined, {
    signal: AbortSignal.any([signal, over.signal]),
  }).catch(() => undefined);
  await Promise.race([statement.ended, timer]);
  over.abort();
}

async function pageReply(result: StoredResult, nextToken: string | undefined): Promise<object> {
  const index = nextToken === undefined ? 0 : readPageToken(nextToken);
  if (index >= result.pageCount) throw validationError('NextToken: no such page');
  return {
    ColumnMetadata: result.columns,
    Records: await result.page(index),
    TotalNumRows: result.rowCount,
    ...(index + 1 < result.pageCount ? { NextToken: pageToken(index + 1) } : {}),
  };
}

function pageToken(index: number): string {
  return Buffer.from(`page ${index}`).toString('base64url');
}

function readPageToken(token: string): number {
  const match = /^page (\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'));
  if (!match) throw validationError('NextToken: not a token of this result');
  return Number(match[1]);
}

function splitId(id: string): { readonly id: string; readonly part: number | undefined } {
  const [statementId = '', number] = id.split(':');
  return { id: statementId, part: number === undefined ? undefined : Number(number) - 1 };
}

function notFound(message: string): AwsServiceError {
  return new AwsServiceError('ResourceNotFoundException', message);
}
