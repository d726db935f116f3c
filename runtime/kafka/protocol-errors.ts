/**
 * Errors with which a broker tells that this producer's epoch is no longer the newest one, or
 * that its transaction was ended by the broker's timeout. The two cannot be told apart.
 */
const FENCED_TYPES: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
  'UNKNOWN_PRODUCER_ID',
]);

/** Errors of a Produce request (Kafka protocol, "Error Codes"), as far as they are told apart. */
const PRODUCE_ERRORS: ReadonlyMap<number, { readonly type: string; readonly retriable?: true }> =
  new Map([
    [3, { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true }],
    [5, { type: 'LEADER_NOT_AVAILABLE', retriable: true }],
    [6, { type: 'NOT_LEADER_FOR_PARTITION', retriable: true }],
    [7, { type: 'REQUEST_TIMED_OUT', retriable: true }],
    [10, { type: 'MESSAGE_TOO_LARGE' }],
    [13, { type: 'NETWORK_EXCEPTION', retriable: true }],
    [19, { type: 'NOT_ENOUGH_REPLICAS', retriable: true }],
    [20, { type: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', retriable: true }],
    [45, { type: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    [47, { type: 'INVALID_PRODUCER_EPOCH' }],
    [48, { type: 'INVALID_TXN_STATE' }],
    [49, { type: 'INVALID_PRODUCER_ID_MAPPING' }],
    [56, { type: 'KAFKA_STORAGE_ERROR', retriable: true }],
    [59, { type: 'UNKNOWN_PRODUCER_ID' }],
    [90, { type: 'PRODUCER_FENCED' }],
  ]);

/** A broker refused a batch. */
export class ProduceError extends Error {
  readonly type: string;
  readonly retriable: boolean;

  constructor(errorCode: number, topic: string, partition: number) {
    const known = PRODUCE_ERRORS.get(errorCode);
    const type = known?.type ?? `error ${errorCode}`;
    super(`${topic}/${partition} answered ${type}`);
    this.name = 'ProduceError';
    this.type = type;
    this.retriable = known?.retriable ?? false;
  }
}

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

/** Whether the client or the protocol says that the same request may succeed later. */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // kafkajs has given up its own retries of something that may be retried.
  if (error.name === 'KafkaJSNumberOfRetriesExceeded') return isRetriable(error.cause);
  return 'retriable' in error && error.retriable === true;
}
