import { PipelineError, errorText } from '../pipeline-error.ts';

/** Refusals of the Data API that pass by themselves, though the SDK does not retry them. */
const passing = new Set([
  'ActiveSessionsExceededException',
  'ActiveStatementsExceededException',
  'ActiveWaitingRequestsExceededException',
  'DatabaseConnectionException',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'ProvisionedThroughputExceededException',
  'QueryTimeoutException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
]);

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * A call that the Data API refused or did not answer, as WH_5003. `retryable` says whether the
 * same call, with the same token, may succeed later.
 */
export function requestError(cause: unknown): PipelineError {
  const name = cause instanceof Error ? cause.name : 'Error';
  return new PipelineError('WH_5003', `Redshift Data API: ${name}: ${errorText(cause)}`, {
    cause,
    retryable: mayPass(cause),
    context: { error: name },
  });
}

function mayPass(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (passing.has(cause.name)) return true;
  const { code, $metadata } = cause as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  if (typeof code === 'string' && networkCodes.has(code)) return true;
  // A reply that is no JSON: the outcome is unknown, and the token makes a second call harmless.
  if (cause.name === 'SyntaxError' || ($metadata?.httpStatusCode ?? 0) >= 500) return true;
  // Redshift Serverless hands its own throttling through as a refusal of the request.
  return (
    cause.name === 'ValidationException' && /ThrottlingException|Rate exceeded/.test(cause.message)
  );
}

/** What the warehouse says of a statement that did not finish. */
export interface FailedStatement {
  readonly statementId: string;
  /** FAILED, ABORTED, or LOST when the API knows the statement no longer. */
  readonly status: string;
  /** The server's text. */
  readonly text: string;
  /** Which statement of a batch failed, from 0; undefined when the server does not say. */
  readonly index?: number;
  readonly sql?: string;
}

/**
 * A statement or batch that was run and rolled back (WH_5001). `retryable` means that a new
 * attempt, under a new token, may succeed: the old token would only return the old failure.
 */
export class StatementFailedError extends PipelineError {
  readonly failed: FailedStatement;

  constructor(name: string, failed: FailedStatement) {
    const which = failed.index === undefined ? '' : ` at statement ${failed.index + 1}`;
    super('WH_5001', `${name} ${failed.status.toLowerCase()}${which}: ${failed.text}`, {
      retryable: mayPassLater(failed),
      context: {
        statement_id: failed.statementId,
        statement: failed.index === undefined ? null : failed.index + 1,
        sql: failed.sql?.slice(0, 300) ?? null,
      },
    });
    this.failed = failed;
  }

  /** The division by zero with which a batch refuses to go on: a fence or an assertion. */
  get isDivisionByZero(): boolean {
    return /division by zero|divide by zero/i.test(this.failed.text);
  }
}

/**
 * What says that the same statements may succeed later. The Data API hands SQL errors on as text
 * alone, without a SQLSTATE, and the text may hold keys and lengths: a bare number tells nothing.
 */
const passingTexts = [
  // Conflicts; 1023 is Redshift's serializable isolation violation.
  /ERROR:\s*1023\b|could not serialize|serializable isolation|deadlock detected/i,
  // Ended from outside, and lost sessions.
  /cancelled on user|canceling statement|terminating connection|connection (?:\w+ )?(?:reset|closed|terminated|refused)|the database system is/i,
  // S3 had no time for COPY (S3 API reference, "Error responses").
  /\bSlowDown\b|reduce your request rate|\bRequestTimeout\b|\b(?:Status|error code:?)\s*50\d\b/i,
  // No room for the moment.
  /\bdisk full\b|no space left on device|out of memory/i,
];

function mayPassLater({ status, text }: FailedStatement): boolean {
  return status !== 'FAILED' || passingTexts.some((passing) => passing.test(text));
}
