import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { z } from 'zod';
import type { RawRecord } from '../../schemas/raw-archive.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const lineSchema = z.strictObject({
  offset: z.string(),
  timestamp: z.string(),
  key: z.string().nullable(),
  value: z.string().nullable(),
  headers: z.record(z.string(), z.array(z.string())),
});

/** One record as a line of the archive, with its line end. */
export function rawLine({ offset, timestamp, key, value, headers }: KafkaMessage): string {
  const record: RawRecord = {
    ...{ offset, timestamp },
    key: base64(key),
    value: base64(value),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, header]) => [name, headerTexts(header)]),
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
  const messageHeaders: IHeaders = {};
  for (const [name, values] of Object.entries(headers)) {
    const bytes = values.map((text) => Buffer.from(text, 'base64'));
    messageHeaders[name] = bytes.length === 1 ? bytes[0] : bytes;
  }
  return {
    ...{ offset, timestamp, attributes: 0 },
    key: key === null ? null : Buffer.from(key, 'base64'),
    value: value === null ? null : Buffer.from(value, 'base64'),
    headers: messageHeaders,
  };
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64');
}

function headerTexts(header: IHeaders[string]): string[] {
  const values = Array.isArray(header) ? header : header === undefined ? [] : [header];
  return values.map((value) => Buffer.from(value).toString('base64'));
}
