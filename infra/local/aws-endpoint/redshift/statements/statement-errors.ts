import { CopyError } from '../copy/copy-error.ts';
import { DialectError } from '../dialect/dialect-error.ts';
import { violatedByteLimit } from '../dialect/table-definitions.ts';
import { ResultLimitError } from './result-store.ts';

/** A failure whose text is given as it is, `ERROR: ` included. */
export class InjectedFailure extends Error {
  override readonly name = 'InjectedFailure';
}

/** The statement was cancelled. */
export class StatementAborted extends Error {
  override readonly name = 'StatementAborted';

  constructor() {
    super("Query cancelled on user's request");
  }
}

interface DatabaseError {
  readonly code?: string;
  readonly message: string;
  readonly detail?: string;
  readonly constraint?: string;
}

const CHECK_VIOLATION = '23514';
const UNIQUE_VIOLATION = '23505';

/** The text of `Error` in DescribeStatement: PostgreSQL's, with the prefix that Redshift has. */
export function errorText(error: unknown): string {
  if (error instanceof InjectedFailure) return error.message;
  if (error instanceof StatementAborted) return `ERROR: ${error.message}`;
  if (
    error instanceof DialectError ||
    error instanceof CopyError ||
    error instanceof ResultLimitError
  ) {
    return `ERROR: ${error.message}`;
  }
  if (!(error instanceof Error)) return `ERROR: ${String(error)}`;
  const { code, message, detail, constraint } = error as DatabaseError;
  const limit = code === CHECK_VIOLATION ? violatedByteLimit(constraint ?? '') : undefined;
  if (limit !== undefined) return `ERROR: value too long for type character varying(${limit})`;
  return detail === undefined ? `ERROR: ${message}` : `ERROR: ${message}\n  Detail: ${detail}`;
}

/** Whether the journal refused an entry because its token has been committed before. */
export function isKnownToken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, constraint } = error as Partial<DatabaseError>;
  return code === UNIQUE_VIOLATION && constraint === 'statements_pkey';
}

/**
 * Whether PostgreSQL answered to the statement: an error of its own has a SQLSTATE of five
 * characters. One of class 08 or 57P says that the connection ends, whatever came of the statement.
 */
export function isAnswer(error: unknown): boolean {
  const code = error instanceof Error ? (error as Partial<DatabaseError>).code : undefined;
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|57P)/.test(code);
}
