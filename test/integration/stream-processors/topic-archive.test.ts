import type { KafkaMessage } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRange } from '../../../runtime/kafka/bounded-reader.ts';
import type { Bucket } from '../../../runtime/s3/bucket.ts';
import {
  listArchive,
  readArchive,
  type ArchivedObject,
} from '../../../stream-processors/archive/archive-reader.ts';
import {
  packLines,
  rawLine,
  readRawObject,
} from '../../../stream-processors/archive/raw-object.ts';
import { createTopicArchive } from '../../../stream-processors/archive/topic-archive.ts';
import { uniqueName } from '../kafka/broker.ts';
import { memoryBucket } from './memory-bucket.ts';
import { startWritingBroker, type WritingBroker } from './writing-broker.ts';

const signal = new AbortController().signal;
const dataset = { name: 'claims' };
let scene: WritingBroker;

beforeAll(async () => {
  scene = await startWritingBroker();
});
afterAll(() => scene[Symbol.asyncDispose]());

async function write(topic: string, from: number, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => ({
    key: Buffer.from([0xff, index % 256]),
    value: index % 7 === 0 ? null : Buffer.from(`value ${from + index} \u{1f3ab}`),
    headers: { number: `${from + index}`, empty: '' },
  }));
  await scene.writer.write([{ topic, messages }], signal);
  await scene.broker.settled(topic);
}

function archiveOf(
  topic: string,
  bucket: Bucket,
  limits: { readonly maxRecords?: number; readonly maxOpenBytes?: number } = {},
) {
  const kafka = scene.broker.client();
  return createTopicArchive({
    ...{ kafka, admin: scene.admin, bucket, dataset, topic, log: scene.broker.log },
    ...limits,
  });
}

/** Checks that the objects of each partition tile it up to the topic's end. */
async function expectTiles(topic: string, objects: readonly ArchivedObject[]): Promise<void> {
  const next = new Map<number, bigint>();
  for (const { partition, first, last } of objects) {
    expect(first).toBe(next.get(partition) ?? 0n);
    expect(last).toBeGreaterThanOrEqual(first);
    next.set(partition, last + 1n);
  }
  for (const { partition, high } of await scene.admin.fetchTopicOffsets(topic)) {
    if (high !== '0') expect(next.get(partition)).toBe(BigInt(high));
  }
}

const plain = ({ offset, timestamp, key, value, headers }: KafkaMessage) => ({
  ...{ offset, timestamp, key, value },
  headers: Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))]),
});

async function expectEqualToTopic(topic: string, bucket: Bucket): Promise<void> {
  const byPartition = new Map<number, object[]>();
  const add = (into: Map<number, object[]>, partition: number, of: readonly KafkaMessage[]) =>
    into.set(partition, [...(into.get(partition) ?? []), ...of.map(plain)]);
  await readRange({
    ...{ kafka: scene.broker.client(), topic, signal },
    onBatch: ({ partition, messages }) => void add(byPartition, partition, messages),
  });
  const archived = new Map<number, object[]>();
  const objects = await listArchive(bucket, dataset, topic, signal);
  for await (const { partition, messages } of readArchive(bucket, objects, signal)) {
    add(archived, partition, messages);
  }
  expect(archived).toEqual(byPartition);
}

it('keeps every record whole, in objects whose ranges tile each partition', async () => {
  const topic = await scene.broker.createTopic({ partitions: 3 });
  const { bucket } = memoryBucket();
  const archive = archiveOf(topic, bucket, { maxRecords: 40 });
  await write(topic, 1, 250);
  const first = await archive.pass(signal);
  expect(first.records).toBe(250);
  expect(first.objects).toBeGreaterThan(6);
  await write(topic, 251, 20);
  expect((await archive.pass(signal)).records).toBe(20);
  expect(await archive.pass(signal)).toEqual({ records: 0, objects: 0 });
  await expectTiles(topic, await listArchive(bucket, dataset, topic, signal));
  await expectEqualToTopic(topic, bucket);
});

it('closes the largest object when all together are too much to hold', async () => {
  const topic = await scene.broker.createTopic({ partitions: 3 });
  const { bucket } = memoryBucket();
  await write(topic, 1, 300);
  const pass = await archiveOf(topic, bucket, { maxOpenBytes: 5_000 }).pass(signal);
  expect(pass.records).toBe(300);
  // 300 lines of more than 100 bytes each.
  expect(pass.objects).toBeGreaterThanOrEqual(6);
  // A marker behind the last record belongs to the next object.
  await write(topic, 301, 30);
  await archiveOf(topic, bucket).pass(signal);
  await expectTiles(topic, await listArchive(bucket, dataset, topic, signal));
  await expectEqualToTopic(topic, bucket);
});

it('takes aborted records into a range without keeping them', async () => {
  const topic = await scene.broker.createTopic();
  const { bucket } = memoryBucket();
  const archive = archiveOf(topic, bucket);
  await write(topic, 1, 3);
  await archive.pass(signal);
  const producer = scene.broker.client().producer({ transactionalId: uniqueName('aborting') });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [{ value: 'never' }] });
  await transaction.abort();
  await producer.disconnect();
  await scene.broker.settled(topic);
  await archive.pass(signal);
  await write(topic, 4, 2);
  await archive.pass(signal);
  const objects = await listArchive(bucket, dataset, topic, signal);
  await expectTiles(topic, objects);
  await expectEqualToTopic(topic, bucket);
});

it('goes on without gap or overlap after it ended between an object and the next', async () => {
  const topic = await scene.broker.createTopic({ partitions: 2 });
  const { bucket, faults } = memoryBucket();
  await write(topic, 1, 100);
  faults.before = 1;
  await expect(archiveOf(topic, bucket, { maxRecords: 10 }).pass(signal)).rejects.toThrow(
    'nothing was written',
  );
  await expect(async () => {
    faults.after = 1;
    await archiveOf(topic, bucket, { maxRecords: 10 }).pass(signal);
  }).rejects.toThrow('the answer was lost');
  // The one that follows knows only what the names tell, and cuts otherwise.
  await archiveOf(topic, bucket, { maxRecords: 33 }).pass(signal);
  await expectTiles(topic, await listArchive(bucket, dataset, topic, signal));
  await expectEqualToTopic(topic, bucket);
});

it('goes on where the archive ends, though newer days hold nothing of a partition', async () => {
  const topic = await scene.broker.createTopic();
  const { bucket } = memoryBucket();
  await write(topic, 1, 5);
  await archiveOf(topic, bucket).pass(signal);
  await bucket.put('claims/raw/dt=9999-01-01/other-0-1-2.jsonl.gz', '', signal);
  await write(topic, 6, 5);
  expect((await archiveOf(topic, bucket).pass(signal)).records).toBe(5);
  await expectEqualToTopic(topic, bucket);
});

it('gives a record once that two archivers have kept', async () => {
  const topic = await scene.broker.createTopic();
  const { bucket } = memoryBucket();
  const [one, two] = [archiveOf(topic, bucket), archiveOf(topic, bucket)];
  await write(topic, 1, 4);
  await one.pass(signal);
  await two.pass(signal);
  await write(topic, 5, 4);
  await one.pass(signal);
  await write(topic, 9, 4);
  await two.pass(signal);
  await one.pass(signal);
  await expectEqualToTopic(topic, bucket);
});

it('says that records were removed before it came, and goes on behind them', async () => {
  const topic = await scene.broker.createTopic();
  const { bucket } = memoryBucket();
  await write(topic, 1, 10);
  await scene.broker.removeBelow(topic, '6');
  expect((await archiveOf(topic, bucket).pass(signal)).records).toBe(4);
  await write(topic, 11, 10);
  await scene.broker.removeBelow(topic, '15');
  await archiveOf(topic, bucket).pass(signal);
  const objects = await listArchive(bucket, dataset, topic, signal);
  expect(objects.map(({ first }) => first)).toEqual([6n, 15n]);
});

it('stops at a topic that was made anew while it was away and has grown past the archive', async () => {
  const [former, topic] = [await scene.broker.createTopic(), await scene.broker.createTopic()];
  const { bucket, objects } = memoryBucket();
  await write(former, 1, 5);
  await archiveOf(former, bucket).pass(signal);
  // What the former topic of this name has left behind.
  for (const [key, body] of [...objects]) {
    objects.delete(key);
    objects.set(key.replace(former, topic), body);
  }
  await write(topic, 1, 20);
  const anew = { code: 'KFK_3010', context: { topic, partition: 0 } };
  const archive = archiveOf(topic, bucket);
  await expect(archive.pass(signal)).rejects.toMatchObject(anew);
  await expect(archive.pass(signal)).rejects.toMatchObject(anew);
  expect(objects.size).toBe(1);
  objects.clear();
  expect((await archive.pass(signal)).records).toBe(20);
  // An erased record is still the one that was archived.
  const [[key, body] = ['', Buffer.of()]] = objects;
  const lines = (await readRawObject(body)).map((message) =>
    rawLine({
      ...message,
      key: null,
      value: null,
      headers: { ...message.headers, 'careplus-erased': '{}' },
    } as KafkaMessage),
  );
  objects.set(key, await packLines(lines));
  await write(topic, 21, 2);
  expect((await archiveOf(topic, bucket).pass(signal)).records).toBe(2);
});

it('takes records whose writers gave them times that cannot be', async () => {
  const topic = await scene.broker.createTopic({
    config: { 'message.timestamp.after.max.ms': '9223372036854775807' },
  });
  const producer = scene.broker.client().producer();
  await producer.connect();
  const times = ['9000000000000000000', '0', `${Date.now() + 86_400_000}`];
  for (const timestamp of times) {
    await producer.send({ topic, messages: [{ key: 'k', value: 'v', timestamp }] });
  }
  await producer.disconnect();
  const { bucket } = memoryBucket();
  expect((await archiveOf(topic, bucket).pass(signal)).records).toBe(times.length);
  const objects = await listArchive(bucket, dataset, topic, signal);
  const today = new Date().toISOString().slice(0, 10);
  expect(objects.map(({ day }) => day <= today)).not.toContain(false);
  const kept: KafkaMessage[] = [];
  for await (const { messages } of readArchive(bucket, objects, signal)) kept.push(...messages);
  expect(kept.map(({ timestamp }) => timestamp)).toEqual(times);
});
