/**
 * Header names of a dead letter, as Kafka Connect writes them
 * (org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter). Values are UTF-8 text.
 * Key, value bytes and original headers are kept unchanged, unless they are too large.
 */
export const deadLetterHeaders = {
  topic: '__connect.errors.topic',
  partition: '__connect.errors.partition',
  offset: '__connect.errors.offset',
  connectorName: '__connect.errors.connector.name',
  stage: '__connect.errors.stage',
  exceptionClass: '__connect.errors.exception.class.name',
  exceptionMessage: '__connect.errors.exception.message',
  /** Our own: the error code of docs/errors.md. */
  code: 'careplus-dlq-code',
  firstSeen: 'careplus-dlq-first-seen-ms',
  attempt: 'careplus-dlq-attempt',
  /**
   * Only if the record was cut to fit: true length of its value. Topic, partition and offset tell
   * where it is whole.
   */
  truncatedFrom: 'careplus-dlq-truncated-from-bytes',
} as const;
