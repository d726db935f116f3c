import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rowChangeSchema } from '../../../schemas/row-change.ts';
import { createEncoder } from '../../../runtime/avro/single-object-encoding.ts';
import { createWriterSchemas } from '../../../runtime/avro/writer-schemas.ts';
import { readRange } from '../../../runtime/kafka/bounded-reader.ts';
import { createDeadLetterWriter } from '../../../runtime/kafka/dead-letter-writer.ts';
import {
  createTransactionalWriter,
  type TransactionalWriter,
} from '../../../runtime/kafka/transactional-writer.ts';
import { startTestBroker, uniqueName, type TestBroker } from './broker.ts';

const signal = new AbortController().signal;
const schemaOf = (shape: string) => rowChangeSchema(shape, [{ name: 'ticket_id', type: 'text' }]);
const change = {
  op: 'c',
  before: null,
  after: { ticket_id: 'T-1' },
  source: {
    ...{ server: 's', schema: 'd', table: 't', epoch: 1_760_000_000, seq: 1 },
    ...{ file: null, position: null, row: null, gtid: null, source_time_ms: 1_760_000_000_000 },
  },
  transaction_end: true,
  read_at_ms: 1_760_000_000_123,
};

let broker: TestBroker;
let writer: TransactionalWriter;
let topic: string;

beforeAll(async () => {
  broker = await startTestBroker();
  writer = createTransactionalWriter(broker.client(), {
    transactionalId: uniqueName('writer'),
    log: broker.log,
  });
  await writer.open(signal);
});

afterAll(async () => {
  await writer.close();
  await broker.stop();
});

beforeEach(async () => {
  topic = await broker.createTopic({ config: { 'cleanup.policy': 'compact' } });
});

describe('writer schemas', () => {
  const schemasOf = (now?: () => number) =>
    createWriterSchemas(broker.client(), { log: broker.log, topic, ...(now ? { now } : {}) });

  it('give the decoder of what another process published', async () => {
    const fingerprint = await schemasOf().publish(writer, schemaOf('a'), signal);
    await schemasOf().publish(writer, schemaOf('a'), signal);
    const encoder = createEncoder(schemaOf('a'));
    expect(fingerprint).toBe(encoder.fingerprint);
    const decoder = await schemasOf().lookup(fingerprint, signal);
    expect(decoder?.decode(encoder.encode(change))).toEqual(change);
  });

  it('are found while the transaction that published them is still open', async () => {
    const open = broker.client().producer({ transactionalId: uniqueName('open') });
    await open.connect();
    const transaction = await open.transaction();
    const { messages } = schemasOf().records(schemaOf('a'));
    await transaction.send({ topic, messages: [...messages] });
    const { fingerprint } = createEncoder(schemaOf('a'));
    expect((await schemasOf().lookup(fingerprint, signal))?.fingerprint).toBe(fingerprint);
    await transaction.abort();
    await open.disconnect();
  });

  it('are looked up again when a new one was published since', async () => {
    const reader = schemasOf();
    const [a, b] = [createEncoder(schemaOf('a')), createEncoder(schemaOf('b'))];
    await schemasOf().publish(writer, schemaOf('a'), signal);
    expect(await reader.lookup(a.fingerprint, signal)).toBeDefined();
    await schemasOf().publish(writer, schemaOf('b'), signal);
    expect(await reader.lookup(b.fingerprint, signal)).toBeDefined();
  });

  it('that are missing are looked for once a second, not for every record', async () => {
    let now = 0;
    const reader = schemasOf(() => now);
    const { fingerprint } = createEncoder(schemaOf('late'));
    expect(await reader.lookup(fingerprint, signal)).toBeUndefined();
    await schemasOf().publish(writer, schemaOf('late'), signal);
    now = 999;
    expect(await reader.lookup(fingerprint, signal)).toBeUndefined();
    now = 1_000;
    expect(await reader.lookup(fingerprint, signal)).toBeDefined();
  });

  it('under a wrong fingerprint, or no schemas at all, are passed over', async () => {
    const messages = [
      { key: '0000000000000000', value: JSON.stringify(schemaOf('a')) },
      { key: '0000000000000001', value: '{"type":' },
    ];
    await writer.write([{ topic, messages }], signal);
    await broker.settled(topic);
    expect(await schemasOf().lookup('0000000000000000', signal)).toBeUndefined();
    expect(await schemasOf().lookup('0000000000000001', signal)).toBeUndefined();
  });
});

describe('a dead letter', () => {
  it('holds key, value and headers as they were, and Connect’s headers', async () => {
    const letters = createDeadLetterWriter(broker.client(), {
      ...{
        connectorName: 'ticket-processor',
        log: broker.log,
        topic,
        now: () => 1_760_000_000_000,
      },
    });
    const key = Buffer.from('T-1');
    const value = Buffer.from([0xc3, 0x01, 0x00, 0xff]);
    const original = {
      'careplus-seq': Buffer.from('7'),
      twice: [Buffer.from('a'), Buffer.from('b')],
    };
    const message = { key, value, offset: '41', headers: original };
    const where = { topic: 'careplus.ticket-changes', partition: 3, message };
    const error = new RangeError('truncated');
    const letter = { ...where, stage: 'VALUE_CONVERTER', code: 'KFK_3003', error } as const;
    const tooLarge = { ...letter, message: { ...message, value: Buffer.alloc(1_000_000, 7) } };
    await letters.write([letter, tooLarge], signal);
    await letters.close();

    const read: { key: Buffer | null; value: Buffer | null; headers: unknown }[] = [];
    await readRange({
      kafka: broker.client(),
      topic,
      signal,
      onBatch: ({ messages }) => {
        for (const { key, value, headers } of messages) read.push({ key, value, headers });
      },
    });
    const connect = {
      '__connect.errors.topic': 'careplus.ticket-changes',
      '__connect.errors.partition': '3',
      '__connect.errors.offset': '41',
      '__connect.errors.connector.name': 'ticket-processor',
      '__connect.errors.stage': 'VALUE_CONVERTER',
      '__connect.errors.exception.class.name': 'RangeError',
      '__connect.errors.exception.message': 'truncated',
      'careplus-dlq-code': 'KFK_3003',
      'careplus-dlq-first-seen-ms': '1760000000000',
      'careplus-dlq-attempt': '1',
    };
    const bytes = Object.fromEntries(
      Object.entries(connect).map(([name, text]) => [name, Buffer.from(text)]),
    );
    expect(read[0]).toEqual({ key, value, headers: { ...original, ...bytes } });
    const cut = { 'careplus-dlq-truncated-from-bytes': Buffer.from('1000000') };
    expect(read[1]?.headers).toEqual({ ...original, ...bytes, ...cut });
    expect(read[1]?.key).toEqual(key);
    expect(read[1]?.value?.length).toBeGreaterThan(800_000);
    expect(read[1]?.value?.every((byte) => byte === 7)).toBe(true);
  });
});
