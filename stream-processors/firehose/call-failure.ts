import type { ErrorCodeName } from '../../schemas/error-codes.ts';

/**
 * What a call that ended with an error means.
 *
 * `unanswered`: throttled, an outage, or a lost reply; the records may have been taken.
 * `held`: nothing can be taken until somebody cures it; waiting is right, for it needs no restart.
 * `blamed`: Firehose finds fault with what the call holds; one of its records may be the reason.
 */
export type CallFailure =
  | { readonly kind: 'unanswered'; readonly code: ErrorCodeName }
  | { readonly kind: 'held'; readonly code: ErrorCodeName; readonly credentials: boolean }
  | { readonly kind: 'blamed'; readonly code: ErrorCodeName };

/** The stream is not there, or is not ours to write to. */
const STREAM_ERRORS: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'InvalidKMSResourceException',
  'InvalidSourceException',
  'AccessDeniedException',
]);

/** Common errors of all services that speak of who calls, and the SDK's own about finding it out. */
const CREDENTIAL_ERRORS: ReadonlySet<string> = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'CredentialsProviderError',
  'TokenProviderError',
]);

const INPUT_ERRORS: ReadonlySet<string> = new Set([
  'InvalidArgumentException',
  'ValidationException',
  'SerializationException',
  'RequestEntityTooLargeException',
]);

/**
 * Sorts an error of PutRecordBatch by what to do about it (API reference, "PutRecordBatch" and
 * "Common Error Types"). What is not known may pass: it is tried again.
 */
export function callFailure(error: unknown): CallFailure {
  const name = error instanceof Error ? error.name : '';
  if (STREAM_ERRORS.has(name)) return { kind: 'held', code: 'LAKE_4002', credentials: false };
  if (CREDENTIAL_ERRORS.has(name)) return { kind: 'held', code: 'LAKE_4006', credentials: true };
  if (INPUT_ERRORS.has(name)) return { kind: 'blamed', code: 'LAKE_4005' };
  return { kind: 'unanswered', code: 'LAKE_4001' };
}
