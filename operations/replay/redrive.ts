import { Partitioners, type IHeaders, type KafkaMessage } from 'kafkajs';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { deadLetterHeaders } from '../../schemas/dead-letter.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { topics } from '../../schemas/topics.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { headerText, wholeNumber } from '../../stream-processors/record-headers.ts';
import {
  openTopicSource,
  type ReplayBounds,
} from '../../stream-processors/replay/replay-source.ts';
import {
  readChangeNumbers,
  type ChangeNumbers,
} from '../../stream-processors/tables/change-headers.ts';
import { createErasures } from '../../stream-processors/tables/erasures.ts';
import type { ReplayParts } from './replay-parts.ts';

export interface Redrive {
  /** Dead letters of the dataset's topic, by error code. */
  readonly letters: Readonly<Record<string, number>>;
  /** Letters whose value was cut to fit: only the topic or the archive holds them whole. */
  readonly cut: number;
  /** Records that stand in their topic again. */
  readonly sent: number;
}

/**
 * Puts the original records of dead letters back into their topic: same key, value, headers and
 * partition, the error's headers dropped, the attempt raised. A record that still cannot be read
 * becomes a dead letter again. One whose key was forgotten stays where it is.
 */
export async function redrive(
  { kafka, admin, bucket }: Pick<ReplayParts, 'kafka' | 'admin' | 'bucket'>,
  dataset: AnyDataset,
  bounds: ReplayBounds,
  { execute, signal }: { readonly execute: boolean; readonly signal: AbortSignal },
): Promise<Redrive> {
  const letters: Record<string, number> = {};
  let [cut, sent] = [0, 0];
  const isErasedRow = await createErasures(dataset, bucket).current(signal);
  const isForgotten = ({ key, headers }: KafkaMessage) => {
    const numbers = readChangeNumbers(headers);
    const hash = keyHash(key?.toString('utf8') ?? null, '');
    return numbers !== undefined && isErasedRow({ ...numbersOf(numbers), key_hash: hash });
  };
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  if (execute) await producer.connect();
  try {
    const topic = topics.deadLetters.name;
    const source = await openTopicSource({ kafka, admin, topic }, bounds, signal);
    await source.read(
      new Map(),
      async ({ messages }) => {
        for (const message of messages) {
          const { headers } = message;
          if (headerText(headers, deadLetterHeaders.topic) !== dataset.topic.name) continue;
          if (isForgotten(message)) continue;
          const code = headerText(headers, deadLetterHeaders.code) ?? 'unknown';
          letters[code] = (letters[code] ?? 0) + 1;
          if (headerText(headers, deadLetterHeaders.truncatedFrom) !== undefined) cut += 1;
          else if (execute) {
            // One record a send: letters are rare, and each may be as large as a batch.
            const original = originalOf(message);
            await producer.send({ topic: dataset.topic.name, acks: -1, messages: [original] });
            sent += 1;
          }
        }
      },
      signal,
    );
  } finally {
    if (execute) await producer.disconnect();
  }
  return { letters, cut, sent };
}

const numbersOf = ({ source, epoch, seq }: ChangeNumbers): LakeRow => ({ source, epoch, seq });

const errorHeaders: ReadonlySet<string> = new Set(Object.values(deadLetterHeaders));

/** The record as it was, with its attempt raised. */
export function originalOf({ key, value, headers }: KafkaMessage) {
  const kept: IHeaders = {};
  for (const [name, header] of Object.entries(headers ?? {})) {
    if (!errorHeaders.has(name) && !name.startsWith('__connect.errors.')) kept[name] = header;
  }
  const attempt = wholeNumber(headerText(headers, deadLetterHeaders.attempt)) ?? 1;
  kept[deadLetterHeaders.attempt] = String(attempt + 1);
  const partition = wholeNumber(headerText(headers, deadLetterHeaders.partition));
  return { key, value, headers: kept, ...(partition === undefined ? {} : { partition }) };
}
