/**
 * Errors with which a broker tells that this producer's epoch is no longer the newest one, or
 * that its transaction was ended by the broker's timeout. The two cannot be told apart.
 */
const FENCED_TYPES: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
  'UNKNOWN_PRODUCER_ID',
]);

/** @returns the broker's error name anywhere in the chain of causes, such as `MESSAGE_TOO_LARGE`. */
export function protocolErrorType(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('type' in current && typeof current.type === 'string') return current.type;
  }
  return undefined;
}

export function isFenced(error: unknown): boolean {
  const type = protocolErrorType(error);
  return type !== undefined && FENCED_TYPES.has(type);
}
