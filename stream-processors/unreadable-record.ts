import type { KafkaMessage } from 'kafkajs';
import type { DeadLetter } from '../runtime/kafka/dead-letter-writer.ts';
import { findPipelineError } from '../runtime/pipeline-error.ts';
import { deadLetterHeaders } from '../schemas/dead-letter.ts';
import { headerText, wholeNumber } from './record-headers.ts';

/**
 * The dead letter of a record whose bytes cannot be read. One that was put back after it had failed
 * says which attempt it is.
 */
export function unreadableRecord(
  topic: string,
  partition: number,
  message: KafkaMessage,
  error: unknown,
): DeadLetter {
  const attempt = wholeNumber(headerText(message.headers, deadLetterHeaders.attempt));
  return {
    ...{ topic, partition, message, error },
    stage: 'VALUE_CONVERTER',
    code: findPipelineError(error)?.code ?? 'KFK_3003',
    ...(attempt === undefined ? {} : { attempt }),
  };
}
