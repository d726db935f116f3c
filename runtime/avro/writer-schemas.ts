import type { Kafka } from 'kafkajs';
import { topics } from '../../schemas/topics.ts';
import { readRange } from '../kafka/bounded-reader.ts';
import type { TopicRecords, TransactionalWriter } from '../kafka/transactional-writer.ts';
import type { Logger } from '../observability/log.ts';
import { errorText } from '../pipeline-error.ts';
import { createDecoder, createEncoder, type AvroDecoder } from './single-object-encoding.ts';

/**
 * Writer schemas by fingerprint, in a compacted topic. A writer publishes a schema before, or in
 * the same transaction as, the first value that needs it; readers look up what they meet.
 */
export interface WriterSchemas {
  /**
   * The record that publishes a schema. To publish again changes nothing: the key is the
   * fingerprint, the value the whole schema with all its attributes.
   */
  records(schema: object): TopicRecords;

  /** Publishes a schema in a transaction of its own and resolves with its fingerprint. */
  publish(writer: TransactionalWriter, schema: object, signal: AbortSignal): Promise<string>;

  /**
   * The decoder of a fingerprint. One that is not known is looked up in the topic, which is read
   * to its end; the same one again not more than once a second.
   *
   * @returns undefined if the topic holds no such schema.
   */
  lookup(fingerprint: string, signal: AbortSignal): Promise<AvroDecoder | undefined>;
}

export interface WriterSchemasOptions {
  readonly log: Logger;
  readonly topic?: string;
  readonly now?: () => number;
}

const PARTITION = 0;
const RETRY_MS = 1_000;
const MAX_REMEMBERED_MISSES = 1_000;

export function createWriterSchemas(kafka: Kafka, options: WriterSchemasOptions): WriterSchemas {
  const { log, topic = topics.schemas.name, now = Date.now } = options;
  const decoders = new Map<string, AvroDecoder>();
  /** When a fingerprint was last looked for in vain. */
  const misses = new Map<string, number>();
  let position = new Map<number, bigint>();

  function add(fingerprint: string, value: Buffer | null): void {
    if (!value || decoders.has(fingerprint)) return;
    try {
      const decoder = createDecoder(JSON.parse(value.toString('utf8')) as object);
      if (decoder.fingerprint !== fingerprint) throw new Error(`it is ${decoder.fingerprint}`);
      decoders.set(fingerprint, decoder);
    } catch (error) {
      // Somebody else's record; a value that needs it becomes a dead letter.
      log.warn({ topic, fingerprint, err: error }, `unusable schema: ${errorText(error)}`);
    }
  }

  /**
   * Reads what is new. Uncommitted records too: a record may be seen while the commit marker of
   * its schema is still being written in the other topic, and a schema is true by its fingerprint.
   */
  async function load(signal: AbortSignal): Promise<void> {
    const ranges = await readRange({
      kafka,
      topic,
      start: position,
      clamp: true,
      compacted: true,
      uncommitted: true,
      signal,
      onBatch: ({ messages }) => {
        for (const { key, value } of messages) add(key?.toString('utf8') ?? '', value);
      },
    });
    position = new Map([[PARTITION, ranges.get(PARTITION)?.end ?? 0n]]);
  }

  function records(schema: object): TopicRecords {
    const { fingerprint } = createEncoder(schema);
    return { topic, messages: [{ key: fingerprint, value: JSON.stringify(schema) }] };
  }

  return {
    records,
    async publish(writer, schema, signal) {
      await writer.write([records(schema)], signal);
      return createEncoder(schema).fingerprint;
    },
    async lookup(fingerprint, signal) {
      const known = decoders.get(fingerprint);
      if (known) return known;
      const missedAt = misses.get(fingerprint);
      if (missedAt !== undefined && now() - missedAt < RETRY_MS) return undefined;
      // Not shared with a load that is under way: it may have begun before the schema was there.
      await load(signal);
      const found = decoders.get(fingerprint);
      if (!found) {
        if (misses.size >= MAX_REMEMBERED_MISSES) misses.clear();
        misses.set(fingerprint, now());
      }
      return found;
    },
  };
}
