import type { IHeaders, KafkaMessage } from 'kafkajs';
import { z } from 'zod';
import {
  createEncoder,
  readFingerprint,
  type AvroEncoder,
} from '../../runtime/avro/single-object-encoding.ts';
import type { WriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import { ERASED_HEADER, type ErasedImages } from '../../schemas/erased-image.ts';
import type { RowChange } from '../../schemas/row-change.ts';
import { headerText } from '../record-headers.ts';

const hash = z.string().regex(/^[0-9a-f]{32}$/);
const erasedSchema = z.strictObject({ before: hash.optional(), after: hash.optional() });

/** @returns what a record of the archive lacks; nothing where its header is missing or malformed. */
export function readErasedImages(headers: IHeaders | undefined): ErasedImages {
  const text = headerText(headers, ERASED_HEADER);
  if (text === undefined) return {};
  try {
    return erasedSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Takes images out of records, for the archive. */
export interface RecordEraser {
  /**
   * A record without these images, and without its key, which is one. One whose bytes cannot be
   * read, or of which no image is named, loses its value: what is left is what its headers say.
   */
  erase(message: KafkaMessage, images: ErasedImages, signal: AbortSignal): Promise<KafkaMessage>;
}

export function createRecordEraser(schemas: Pick<WriterSchemas, 'lookup'>): RecordEraser {
  const encoders = new Map<string, AvroEncoder>();

  async function without(value: Buffer, erased: ErasedImages, signal: AbortSignal) {
    const fingerprint = readFingerprint(value);
    const schema = fingerprint && (await schemas.lookup(fingerprint, signal));
    if (!fingerprint || !schema) return null;
    const encoder = encoders.get(fingerprint) ?? createEncoder(schema.schema);
    encoders.set(fingerprint, encoder);
    let change: RowChange;
    try {
      change = schema.decode(value) as RowChange;
    } catch {
      return null;
    }
    const before = erased.before === undefined ? change.before : null;
    const after = erased.after === undefined ? change.after : null;
    return encoder.encode({ ...change, before, after });
  }

  return {
    async erase(message, images, signal) {
      const { headers, value: whole } = message;
      const erased = { ...readErasedImages(headers), ...images };
      const isNamed = erased.before !== undefined || erased.after !== undefined;
      const value = whole && isNamed ? await without(whole, erased, signal) : null;
      const told = isNamed ? { [ERASED_HEADER]: JSON.stringify(erased) } : {};
      const { offset, timestamp, attributes } = message;
      const kept = { offset, timestamp, attributes };
      return { ...kept, key: null, value, headers: { ...headers, ...told } };
    },
  };
}
