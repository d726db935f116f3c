import type { KafkaMessage } from 'kafkajs';
import { readFingerprint, type AvroDecoder } from '../runtime/avro/single-object-encoding.ts';
import type { WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';

/** Reads records by their writer schemas, each of which is prepared once. */
export interface RecordDecoders<T, Known extends readonly unknown[] = []> {
  /** Makes ready every schema that the records need, so that reading them needs no await. */
  prepare(messages: readonly KafkaMessage[], signal: AbortSignal): Promise<void>;
  /**
   * Decodes the value of a prepared record.
   *
   * @param known what the decoder must know besides.
   * @throws {PipelineError} KFK_3003 when the value is not encoded, KFK_3004 when its schema is
   *   unknown; what the decoder throws when the bytes do not fit the schema.
   */
  decode(value: Buffer | null, ...known: Known): T;
}

/** @param make prepares the reading of one writer schema. */
export function createRecordDecoders<T, Known extends readonly unknown[] = []>(
  schemas: Pick<WriterSchemas, 'lookup'>,
  make: (schema: AvroDecoder) => { decode(record: Buffer, ...known: Known): T },
): RecordDecoders<T, Known> {
  const decoders = new Map<string, { decode(record: Buffer, ...known: Known): T }>();
  return {
    async prepare(messages, signal) {
      const wanted = new Set(messages.map(({ value }) => value && readFingerprint(value)));
      for (const fingerprint of wanted) {
        if (!fingerprint || decoders.has(fingerprint)) continue;
        const schema = await schemas.lookup(fingerprint, signal);
        if (schema) decoders.set(fingerprint, make(schema));
      }
    },
    decode(value, ...known) {
      const fingerprint = value ? readFingerprint(value) : undefined;
      if (value === null || fingerprint === undefined) {
        throw new PipelineError('KFK_3003', 'the value is not Avro single-object encoding');
      }
      const decoder = decoders.get(fingerprint);
      if (decoder === undefined) {
        throw new PipelineError('KFK_3004', `no schema with fingerprint ${fingerprint}`);
      }
      return decoder.decode(value, ...known);
    },
  };
}
