import type { Admin } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDecoder, createEncoder } from '../../../runtime/avro/single-object-encoding.ts';
import type { LogDataset } from '../../../schemas/datasets/log-dataset.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { lineOf } from '../../../schemas/holes.ts';
import { holesKey, latestBatchKey } from '../../../schemas/lake-layout.ts';
import { logBlockSchema } from '../../../schemas/log-entries.ts';
import { rawPrefix } from '../../../schemas/raw-archive.ts';
import { createTopicArchive } from '../../../stream-processors/archive/topic-archive.ts';
import type { LakeRow } from '../../../stream-processors/batch-processor.ts';
import { recordProcessing } from '../../../stream-processors/record-processing.ts';
import { createHoleTurn } from '../../../stream-processors/replay/hole-turn.ts';
import { block, entryText, message, range } from '../../unit/stream-processors/log-blocks.ts';
import { uniqueName } from '../kafka/broker.ts';
import { memoryBucket } from './memory-bucket.ts';
import { startWritingBroker, type WritingBroker } from './writing-broker.ts';

const signal = new AbortController().signal;
const encoder = createEncoder(logBlockSchema);
const schemas = { lookup: async () => createDecoder(logBlockSchema) };
const entry = entryText();
const bytes = Buffer.byteLength(entry);

/** A file of six entries in three blocks. */
const blocks = [0, 2, 4].map((first) =>
  block([first, first + 1].map((index) => range(index * bytes, entry))),
);
const [, , last] = blocks;
const place = { host: last?.host ?? '', generation: last?.generation ?? '' };
const line = lineOf(place);
const fileEnd = 6 * bytes - 1;

let scene: WritingBroker;

beforeAll(async () => {
  scene = await startWritingBroker();
});
afterAll(() => scene[Symbol.asyncDispose]());

describe('what a log’s warehouse misses', () => {
  let dataset: LogDataset;
  let bucket: ReturnType<typeof memoryBucket>;
  let sent: LakeRow[];
  let logged: { readonly code?: string }[];
  /** Offset that the processor's group has committed; to commit one takes a member of the group. */
  let taken: string;

  /** The file is in topic and archive, and the processor has taken all of it. */
  beforeEach(async () => {
    const topic = await scene.broker.createTopic();
    dataset = {
      ...supportLogs,
      name: uniqueName('support-logs'),
      topic: { ...supportLogs.topic, name: topic },
    };
    [bucket, sent, logged] = [memoryBucket(), [], []];
    const messages = blocks.map((each, index) => {
      const { headers, value } = message(index, each, encoder.encode(each));
      const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]);
      return { key: null, value, headers: Object.fromEntries(texts) as Record<string, string> };
    });
    await scene.writer.write([{ topic, messages }], signal);
    await scene.broker.settled(topic);
    const [{ high } = { high: '0' }] = await scene.admin.fetchTopicOffsets(topic);
    taken = high;
    const where = { kafka: scene.broker.client(), admin: scene.admin, dataset, topic };
    await createTopicArchive({ ...where, bucket: bucket.bucket, log: scene.broker.log }).pass(
      signal,
    );
    await frontier(fileEnd);
  });

  function turn(ends: ReadonlyMap<string, number> = new Map()) {
    const log = pino(
      { level: 'error' },
      { write: (text: string) => logged.push(JSON.parse(text) as object) },
    );
    const partitions = [{ partition: 0, offset: taken, metadata: null }];
    const fetchOffsets: Admin['fetchOffsets'] = async () => [
      { topic: dataset.topic.name, partitions },
    ];
    return createHoleTurn({
      ...{
        kafka: scene.broker.client(),
        admin: { ...scene.admin, fetchOffsets },
        dataset,
        log,
        bucket: bucket.bucket,
      },
      processing: recordProcessing(dataset, schemas, bucket.bucket),
      sink: async (rows) => void sent.push(...rows),
      ...{ ends: () => ends, lateMs: 0, retryMs: 60_000 },
    });
  }

  /** What the loader says. */
  const frontier = async (at: number, waiting = 0) =>
    bucket.bucket.put(
      latestBatchKey(dataset),
      JSON.stringify({ files: [{ ...place, upto: at + 1, waiting }] }),
      signal,
    );
  const hole = async (from: number, to: number) =>
    bucket.bucket.put(
      holesKey(dataset),
      JSON.stringify({ holes: [{ ...place, from, to }] }),
      signal,
    );
  const positions = () => sent.map(({ pos }) => Number(pos) / bytes);

  const loseTopic = () => scene.broker.removeBelow(dataset.topic.name, '3');
  const loseArchive = () => {
    for (const key of bucket.objects.keys()) {
      if (key.startsWith(rawPrefix(dataset))) bucket.objects.delete(key);
    }
  };

  it('is sent again from the topic: exactly the missing ranges', async () => {
    await hole(bytes, 3 * bytes - 1);
    loseArchive();
    expect(await turn()(signal)).toEqual([]);
    expect(positions()).toEqual([1, 2]);
  });

  it('is sent again from the archive when the topic no longer holds it', async () => {
    await hole(2 * bytes, 4 * bytes - 1);
    await loseTopic();
    expect(await turn()(signal)).toEqual([]);
    expect(positions()).toEqual([2, 3]);
  });

  it('is told as unfillable when neither holds it', async () => {
    await hole(2 * bytes, 4 * bytes - 1);
    await loseTopic();
    loseArchive();
    const nowhere = { line, from: 2 * bytes, to: 4 * bytes - 1, unfillable: 2 * bytes };
    expect(await turn()(signal)).toEqual([nowhere]);
    expect(sent).toEqual([]);
    expect(logged).toEqual([expect.objectContaining({ code: 'WH_5005', ...nowhere })]);
  });

  it('is its end where nothing waits behind it: the last range makes it a hole', async () => {
    await frontier(2 * bytes - 1);
    const look = turn(new Map([[line, fileEnd]]));
    expect(await look(signal)).toEqual([]);
    expect(positions()).toEqual([5]);
  });

  it('is no end while the processor has not taken it', async () => {
    await frontier(2 * bytes - 1);
    taken = '1';
    expect(await turn(new Map([[line, fileEnd]]))(signal)).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('is an end that is nowhere, which is told too', async () => {
    await frontier(2 * bytes - 1);
    await loseTopic();
    loseArchive();
    expect(await turn(new Map([[line, fileEnd]]))(signal)).toEqual([
      { line, from: fileEnd, to: fileEnd, unfillable: 1 },
    ]);
  });
});
