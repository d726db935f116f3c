import type { IHeaders } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { deadLetterMessage } from '../../../../runtime/kafka/dead-letter-writer.ts';
import { MAX_BATCH_BYTES } from '../../../../runtime/kafka/partition-batches.ts';
import { deadLetterHeaders } from '../../../../schemas/dead-letter.ts';

/** Kafka has headers without a value, which the client's types do not know. */
const nothing = null as unknown as Buffer;

function letterOf(record: { key?: Buffer; value?: Buffer; headers?: IHeaders }) {
  const message = { key: null, value: null, offset: '7', ...record };
  return deadLetterMessage(
    {
      ...{ topic: 'careplus.ticket-changes', partition: 3, message },
      ...{ stage: 'VALUE_CONVERTER', code: 'KFK_3003', error: new Error('foreign') },
    },
    'ticket-processor',
    1_000,
  );
}

/** As much as the record takes in a batch, at most. */
function bytesOf({ key, value, headers = {} }: ReturnType<typeof letterOf>): number {
  let bytes = Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '');
  for (const [name, header] of Object.entries(headers)) {
    for (const each of [header ?? ''].flat()) bytes += 10 + name.length + Buffer.byteLength(each);
  }
  return bytes;
}

describe('a dead letter', () => {
  it('keeps key, value and headers as they were; of those without a value the client can send none', () => {
    const headers = { none: nothing, some: [nothing, Buffer.from('a')], one: Buffer.from('b') };
    const letter = letterOf({ key: Buffer.from('k'), value: Buffer.from('v'), headers });
    expect(letter).toMatchObject({
      ...{ key: Buffer.from('k'), value: Buffer.from('v') },
      headers: { none: '', some: ['', Buffer.from('a')], one: Buffer.from('b') },
    });
    expect(letter.headers).toMatchObject({ [deadLetterHeaders.offset]: '7' });
    expect(letter.headers).not.toHaveProperty([deadLetterHeaders.truncatedFrom]);
  });

  const large = Buffer.alloc(MAX_BATCH_BYTES, 'x');
  it.each([
    ['value', { value: large }],
    ['key', { key: large }],
    ['key beside its value', { key: large.subarray(0, 800_000), value: large.subarray(0, 99_000) }],
    ['header', { headers: { foreign: large } }],
    ['number of headers', { headers: { foreign: Array<Buffer>(80_000).fill(Buffer.from('x')) } }],
  ])('fits into a batch whatever %s the record has, and says that it was cut (I6)', (_, record) => {
    const letter = letterOf(record);
    expect(bytesOf(letter)).toBeLessThan(MAX_BATCH_BYTES);
    const { value } = { value: undefined, ...record } as { value?: Buffer };
    const length = String(value?.length ?? 0);
    expect(letter.headers).toMatchObject({ [deadLetterHeaders.truncatedFrom]: length });
  });
});
