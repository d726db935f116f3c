import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { z } from 'zod';
import { headerValues, type HeaderValue } from '../../runtime/kafka/header-values.ts';
import type { RawRecord } from '../../schemas/raw-archive.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const lineSchema = z.strictObject({
  offset: z.string(),
  timestamp: z.string(),
  key: z.string().nullable(),
  value: z.string().nullable(),
  headers: z.record(z.string(), z.array(z.string().nullable())),
});

/** One record as a line of the archive, with its line end. */
export function rawLine({ offset, timestamp, key, value, headers }: KafkaMessage): string {
  const record: RawRecord = {
    ...{ offset, timestamp },
    key: base64(key),
    value: base64(value),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, header]) => [
        name,
        headerValues(header).map(base64),
      ]),
    ),
  };
  return `${JSON.stringify(record)}\n`;
}

/** The bytes of an object. */
export async function packLines(lines: readonly string[]): Promise<Buffer> {
  return compress(lines.join(''));
}

/**
 * Reads an object's records as they came from Kafka.
 *
 * @throws when the bytes are not an object of the archive.
 */
export async function readRawObject(bytes: Buffer): Promise<KafkaMessage[]> {
  const text = (await decompress(bytes)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => toMessage(lineSchema.parse(JSON.parse(line))));
}

function toMessage({ offset, timestamp, key, value, headers }: RawRecord): KafkaMessage {
  const messageHeaders: Record<string, HeaderValue | HeaderValue[]> = {};
  for (const [name, values] of Object.entries(headers)) {
    const [first = null, ...others] = values.map(bytesOf);
    messageHeaders[name] = others.length === 0 ? first : [first, ...others];
  }
  return {
    ...{ offset, timestamp, attributes: 0 },
    key: bytesOf(key),
    value: bytesOf(value),
    headers: messageHeaders as IHeaders,
  };
}

function base64(bytes: HeaderValue): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64');
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64');
}
