import {
  Partitioners,
  type IHeaders,
  type Kafka,
  type KafkaMessage,
  type Message,
  type Producer,
} from 'kafkajs';
import { deadLetterHeaders } from '../../schemas/dead-letter.ts';
import type { ErrorCodeName } from '../../schemas/error-codes.ts';
import { topics } from '../../schemas/topics.ts';
import { settleWithin, waitOrAbort } from '../abortable-wait.ts';
import type { Logger } from '../observability/log.ts';
import { errorText, PipelineError } from '../pipeline-error.ts';
import { DISCONNECT_MS } from './connection.ts';
import { headerValues } from './header-values.ts';
import { MAX_BATCH_BYTES } from './partition-batches.ts';

/** A record that could not be read, and why. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly message: Pick<KafkaMessage, 'key' | 'value' | 'headers' | 'offset'>;
  /** Connect's word for what was being done, such as `VALUE_CONVERTER`. */
  readonly stage: string;
  readonly code: ErrorCodeName;
  readonly error: unknown;
  readonly attempt?: number;
}

export interface DeadLetterWriter {
  /**
   * Resolves when all brokers in sync hold the letters. Write them before the offset of what
   * they replace is committed.
   *
   * @throws PipelineError KFK_3002, retryable; the letters may then be written twice.
   */
  write(letters: readonly DeadLetter[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface DeadLetterWriterOptions {
  /** Name of the daemon, told in the header of Connect's connector name. */
  readonly connectorName: string;
  readonly log: Logger;
  readonly topic?: string;
  readonly now?: () => number;
}

export function createDeadLetterWriter(
  kafka: Kafka,
  options: DeadLetterWriterOptions,
): DeadLetterWriter {
  const { connectorName, log, topic = topics.deadLetters.name, now = Date.now } = options;
  let connected: Promise<Producer> | undefined;

  async function connect(): Promise<Producer> {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  async function close(): Promise<void> {
    const closing = connected;
    connected = undefined;
    if (closing)
      await settleWithin(
        closing.then((producer) => producer.disconnect()),
        DISCONNECT_MS,
      );
  }

  return {
    async write(letters, signal) {
      const firstSeenMs = now();
      try {
        connected ??= connect();
        const producer = await waitOrAbort(connected, signal);
        // One record a send: letters are rare, and each may be as large as a batch.
        for (const letter of letters) {
          const messages = [deadLetterMessage(letter, connectorName, firstSeenMs)];
          await waitOrAbort(producer.send({ topic, acks: -1, messages }), signal);
          log.warn(
            {
              code: letter.code,
              topic: letter.topic,
              partition: letter.partition,
              offset: letter.message.offset,
            },
            `dead letter: ${errorText(letter.error)}`,
          );
        }
      } catch (cause) {
        await close();
        signal.throwIfAborted();
        throw new PipelineError('KFK_3002', `could not write a dead letter: ${errorText(cause)}`, {
          cause,
          retryable: true,
          context: { topic, letters: letters.length },
        });
      }
    },
    close,
  };
}

const MAX_ERROR_TEXT = 4_096;
const BATCH_OVERHEAD = 1_024;
/** No record of ours comes near: of a key or headers that do, the value would be left no room. */
const MAX_KEY_BYTES = 64 * 1024;
const MAX_HEADERS_BYTES = 256 * 1024;

/**
 * Key, value and original headers unchanged, Connect's headers beside them. What together with them
 * does not fit into a batch is cut, first key and headers of a size that only foreign records have,
 * then the value; topic, partition and offset then point to the whole.
 */
export function deadLetterMessage(
  letter: DeadLetter,
  connectorName: string,
  firstSeenMs: number,
): Message {
  const { message, error } = letter;
  const { key, value } = message;
  const { headers: original = {} } = message;
  const headersFit = headerBytes(original) <= MAX_HEADERS_BYTES;
  const headers: IHeaders = {
    ...(headersFit ? withoutNulls(original) : {}),
    [deadLetterHeaders.topic]: letter.topic,
    [deadLetterHeaders.partition]: String(letter.partition),
    [deadLetterHeaders.offset]: message.offset,
    [deadLetterHeaders.connectorName]: connectorName,
    [deadLetterHeaders.stage]: letter.stage,
    [deadLetterHeaders.exceptionClass]: error instanceof Error ? error.name : typeof error,
    [deadLetterHeaders.exceptionMessage]: errorText(error).slice(0, MAX_ERROR_TEXT),
    [deadLetterHeaders.code]: letter.code,
    [deadLetterHeaders.firstSeen]: String(firstSeenMs),
    [deadLetterHeaders.attempt]: String(letter.attempt ?? 1),
  };
  const kept = key?.subarray(0, MAX_KEY_BYTES) ?? null;
  const room = MAX_BATCH_BYTES - BATCH_OVERHEAD - (kept?.length ?? 0) - headerBytes(headers);
  const whole = headersFit && kept?.length === key?.length && (value?.length ?? 0) <= room;
  if (!whole) headers[deadLetterHeaders.truncatedFrom] = String(value?.length ?? 0);
  return { key: kept, value: value?.subarray(0, room) ?? null, headers };
}

/** Null is written as no bytes: the client cannot send it. */
function withoutNulls(headers: IHeaders): IHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, header]) => {
      const [first = '', ...others] = headerValues(header).map((value) => value ?? '');
      return [name, others.length === 0 ? first : [first, ...others]];
    }),
  );
}

function headerBytes(headers: IHeaders): number {
  let bytes = 0;
  for (const [name, header] of Object.entries(headers)) {
    for (const value of headerValues(header)) {
      bytes += 10 + Buffer.byteLength(name) + Buffer.byteLength(value ?? '');
    }
  }
  return bytes;
}
