import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AwsServiceError } from '../../service.ts';

/** Limits of the Data API (API_BatchExecuteStatement, data-api "Considerations"). */
const MAX_STATEMENTS = 40;
const MAX_STATEMENT_BYTES = 100_000;
const MAX_WAIT_SECONDS = 30;
/** Statements on a page of ListStatements (API_ListStatements). */
export const MAX_LISTED = 100;

type ExecutionMode = 'TRANSACTION' | 'AUTO_COMMIT';

/** A submitted call, checked. */
export interface StatementRequest {
  readonly operation: 'ExecuteStatement' | 'BatchExecuteStatement';
  readonly sqls: readonly string[];
  readonly parameters: ReadonlyMap<string, string>;
  readonly mode: ExecutionMode;
  readonly name: string | undefined;
  readonly clientToken: string | undefined;
  readonly database: string;
  readonly workgroupName: string;
  readonly secretArn: string | undefined;
  readonly waitSeconds: number;
  /** The access key that submitted it. */
  readonly owner?: string;
  /** The database user that it runs as; without one the endpoint's own. */
  readonly databaseUser?: string | undefined;
  /** Tells whether the same token comes with the same call. */
  readonly hash: string;
}

/** What the local workgroup is called and who may use it. */
export interface Workgroup {
  readonly name: string;
  readonly database: string;
  /** Secrets by which a caller may name its user; any other is refused. */
  readonly secretArns: readonly string[];
}

const waitSeconds = z.number().int().min(0).max(MAX_WAIT_SECONDS).default(0);
const statementId = z.string().regex(/^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?$/);

const parameterSchema = z.object({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  value: z.string().min(1, 'a parameter cannot be empty'),
});

const commonSchema = z.object({
  Database: z.string().min(1),
  WorkgroupName: z.string().min(1),
  ClusterIdentifier: z
    .never({ error: 'the local endpoint plays a serverless workgroup' })
    .optional(),
  SecretArn: z.string().optional(),
  DbUser: z.never({ error: 'a serverless workgroup derives the user from the caller' }).optional(),
  StatementName: z.string().max(500).optional(),
  Parameters: z.array(parameterSchema).min(1).optional(),
  ClientToken: z.string().min(1).max(64).optional(),
  ResultFormat: z.literal('JSON', { error: 'the local endpoint gives JSON only' }).optional(),
  SessionId: z.never({ error: 'the local endpoint keeps no sessions' }).optional(),
  SessionKeepAliveSeconds: z.never({ error: 'the local endpoint keeps no sessions' }).optional(),
  WaitTimeSeconds: waitSeconds,
});

const sql = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= MAX_STATEMENT_BYTES, {
    error: `a statement has at most ${MAX_STATEMENT_BYTES} bytes`,
  });

const executeSchema = commonSchema.extend({ Sql: sql });
const batchSchema = commonSchema.extend({
  Sqls: z.array(sql).min(1).max(MAX_STATEMENTS),
  ExecutionMode: z.enum(['TRANSACTION', 'AUTO_COMMIT']).default('TRANSACTION'),
});

const describeSchema = z.object({ Id: statementId, WaitTimeSeconds: waitSeconds });
const resultSchema = describeSchema.extend({ NextToken: z.string().optional() });
const cancelSchema = z.object({ Id: statementId });
const listSchema = z.object({
  MaxResults: z.number().int().min(0).max(MAX_LISTED).default(MAX_LISTED),
  NextToken: z.string().optional(),
  StatementName: z.string().max(500).optional(),
  Status: z
    .enum(['ABORTED', 'ALL', 'FAILED', 'FINISHED', 'PICKED', 'STARTED', 'SUBMITTED'])
    // "By default, only finished statements are shown."
    .default('FINISHED'),
  Database: z.string().optional(),
  WorkgroupName: z.string().optional(),
});

type Input = Readonly<Record<string, unknown>>;

/** @throws {AwsServiceError} ValidationException. */
export function parseExecute(input: Input, workgroup: Workgroup): StatementRequest {
  const parsed = parse(executeSchema, input);
  const calls = { sqls: [parsed.Sql], mode: 'TRANSACTION' } as const;
  return request('ExecuteStatement', parsed, calls, workgroup);
}

/** @throws {AwsServiceError} ValidationException. */
export function parseBatch(input: Input, workgroup: Workgroup): StatementRequest {
  const parsed = parse(batchSchema, input);
  const calls = { sqls: parsed.Sqls, mode: parsed.ExecutionMode };
  return request('BatchExecuteStatement', parsed, calls, workgroup);
}

export const parseDescribe = (input: Input) => parse(describeSchema, input);
export const parseResult = (input: Input) => parse(resultSchema, input);
export const parseCancel = (input: Input) => parse(cancelSchema, input);
export const parseList = (input: Input) => parse(listSchema, input);

export function validationError(message: string): AwsServiceError {
  return new AwsServiceError('ValidationException', message);
}

function request(
  operation: StatementRequest['operation'],
  common: z.infer<typeof commonSchema>,
  { sqls, mode }: { readonly sqls: readonly string[]; readonly mode: ExecutionMode },
  workgroup: Workgroup,
): StatementRequest {
  if (common.WorkgroupName !== workgroup.name) {
    throw validationError(
      `Redshift endpoint doesn't exist in this region: workgroup ${common.WorkgroupName}`,
    );
  }
  if (common.Database !== workgroup.database) {
    throw validationError(`database "${common.Database}" does not exist`);
  }
  if (common.SecretArn !== undefined && !workgroup.secretArns.includes(common.SecretArn)) {
    throw validationError(`Secrets Manager can't find the secret ${common.SecretArn}`);
  }
  const parameters = new Map((common.Parameters ?? []).map(({ name, value }) => [name, value]));
  if (parameters.size !== (common.Parameters?.length ?? 0)) {
    throw validationError('Parameters: a name stands there twice');
  }
  const content = JSON.stringify([operation, sqls, mode, [...parameters], common.StatementName]);
  return {
    operation,
    sqls,
    parameters,
    mode,
    name: common.StatementName,
    clientToken: common.ClientToken,
    database: common.Database,
    workgroupName: common.WorkgroupName,
    secretArn: common.SecretArn,
    waitSeconds: common.WaitTimeSeconds,
    hash: createHash('sha256').update(content).digest('hex'),
  };
}

function parse<T>(schema: z.ZodType<T>, input: Input): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.')}: ${message}`,
  );
  throw validationError(problems.join('; '));
}
