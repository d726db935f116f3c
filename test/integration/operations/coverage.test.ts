import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Admin, Kafka, Producer } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startKafka, type KafkaBroker } from '../../../infra/local/kafka.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { readShipped } from '../../../operations/verify/arrived-logs.ts';
import { waitUntilCovered } from '../../../operations/verify/coverage.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import type { DataApi } from '../../../runtime/redshift/data-api.ts';
import type { ReaderCheckpoint, ShipperCheckpoint } from '../../../schemas/checkpoint.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { topics } from '../../../schemas/topics.ts';
import { freePorts } from '../local-stack/fixtures/free-ports.ts';

const EPOCH = 1_760_000_000;
let stateDir = '';
let broker: KafkaBroker;
let kafka: Kafka;
let producer: Producer;
let admin: Admin;

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-coverage-'));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  broker = await startKafka({ stateDir, port, controllerPort });
  kafka = createKafka(
    { brokers: [...broker.brokers], ssl: false },
    { clientId: 'test', log: createLog('test', 'silent') },
  );
  producer = kafka.producer();
  admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
});

afterAll(async () => {
  await Promise.all([producer.disconnect(), admin.disconnect()]);
  await broker.stop();
  removeState(stateDir);
});

/** A source of its own for every test: the topic keeps what earlier ones wrote. */
let source = '';
let sources = 0;
beforeEach(() => {
  sources += 1;
  source = `test.care.table${sources}`;
});

async function checkpoint(changes: Partial<ReaderCheckpoint>): Promise<void> {
  const value: ReaderCheckpoint = {
    version: 1,
    source,
    phase: 'streaming',
    gtidSet: '0-1-10',
    open: null,
    epoch: EPOCH,
    nextSeq: 6,
    configHash: '',
    shapeHash: null,
    sourceTimeMs: 0,
    writtenAtMs: 1,
    ...changes,
  };
  await producer.send({
    topic: topics.readerCheckpoints.name,
    messages: [{ key: source, value: JSON.stringify(value) }],
  });
}

/** A warehouse that shows a frontier and holds images behind it. */
function warehouseAt(frontier: { epoch: number; seq: number }, pending = 0) {
  const asked: string[] = [];
  const api = {
    query: async (sql: string) => {
      asked.push(sql);
      return { columns: [], rows: [sql.includes('_pending') ? { pending } : frontier] };
    },
  } as unknown as DataApi;
  return { api, asked };
}

function wait(
  { api }: { readonly api: DataApi },
  gtid: string,
  timeoutMs: number,
  signal = new AbortController().signal,
) {
  return waitUntilCovered({ dataset: supportTickets, source }, gtid, {
    kafka,
    api,
    timeoutMs,
    signal,
    pollMs: 20,
    note: () => undefined,
  });
}

describe('waiting', () => {
  it('ends when checkpoint and frontier are there', async () => {
    await checkpoint({});
    const warehouse = warehouseAt({ epoch: EPOCH, seq: 5 });
    expect(await wait(warehouse, '0-1-10', 20_000)).toMatchObject({
      covered: true,
      frontier: { epoch: EPOCH, seq: 5 },
    });
  });

  it('takes a later epoch for an earlier one', async () => {
    await checkpoint({});
    const warehouse = warehouseAt({ epoch: EPOCH + 1, seq: 1 });
    expect(await wait(warehouse, '0-1-10', 20_000)).toMatchObject({ covered: true });
  });

  it('says where a damaged checkpoint stands, and passes over one that a good one follows', async () => {
    const topic = topics.readerCheckpoints.name;
    const [sent] = await producer.send({ topic, messages: [{ key: source, value: '{"epoch":' }] });
    const offset = sent?.baseOffset ?? '';
    const damaged = wait(warehouseAt({ epoch: EPOCH, seq: 5 }), '0-1-10', 20_000);
    await expect(damaged).rejects.toMatchObject({
      code: 'KFK_3003',
      context: { topic, key: source, offset },
    });
    await expect(damaged).rejects.toThrow(`${topic} at offset ${offset}`);
    await checkpoint({});
    const warehouse = warehouseAt({ epoch: EPOCH, seq: 5 });
    expect(await wait(warehouse, '0-1-10', 20_000)).toMatchObject({ covered: true });
  });

  it('goes on with checkpoints that come later, and asks the warehouse nothing before', async () => {
    await checkpoint({ gtidSet: '0-1-9' });
    await checkpoint({ phase: 'snapshot' });
    const open = { gtid: '0-1-11', imagesWritten: 1, rollingHash: '' };
    await checkpoint({ open });
    const warehouse = warehouseAt({ epoch: EPOCH, seq: 7 });
    const waiting = wait(warehouse, '0-1-10', 20_000);
    // Two followers read the same topic: what the first one has seen the other can have, too.
    expect(await wait(warehouseAt({ epoch: EPOCH, seq: 7 }), '0-1-10', 1_500)).toMatchObject({
      covered: false,
      hop: 'cdc-reader',
      wanted: '0-1-10',
      found: '0-1-10, 0-1-11 partly',
    });
    expect(warehouse.asked).toEqual([]);
    await checkpoint({ gtidSet: '0-1-11', nextSeq: 8 });
    expect(await waiting).toMatchObject({ covered: true, checkpoint: { nextSeq: 8 } });
  });

  it('ends with the reason when it is broken off', async () => {
    const stop = new AbortController();
    const waiting = wait(warehouseAt({ epoch: EPOCH, seq: 5 }), '0-1-10', 20_000, stop.signal);
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('out of time, the hop that lags is named', () => {
  const behind = { epoch: EPOCH, seq: 3 };
  const groupId = `careplus-processor-${supportTickets.name}`;
  const topic = supportTickets.topic.name;

  beforeAll(async () => {
    const messages = ['a', 'b', 'c'].map((value) => ({ value, partition: 0 }));
    await producer.send({ topic, messages });
  });

  it('the reader without a checkpoint', async () => {
    expect(await wait(warehouseAt(behind), '0-1-10', 500)).toEqual({
      covered: false,
      frontier: behind,
      hop: 'cdc-reader',
      wanted: '0-1-10',
      found: 'no checkpoint',
    });
  });

  it('the processor with records before it', async () => {
    await checkpoint({});
    expect(await wait(warehouseAt(behind), '0-1-10', 1_500)).toEqual({
      covered: false,
      frontier: behind,
      hop: 'processor',
      wanted: `epoch ${EPOCH} up to 5`,
      found: `epoch ${EPOCH} up to 3`,
    });
  });

  it('delivery when the processor has taken everything', async () => {
    await checkpoint({});
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.setOffsets({ groupId, topic, partitions });
    expect(await wait(warehouseAt(behind), '0-1-10', 1_500)).toMatchObject({ hop: 'delivery' });
  });

  it('a hole when later images wait for it', async () => {
    await checkpoint({});
    expect(await wait(warehouseAt(behind, 2), '0-1-10', 1_500)).toMatchObject({ hop: 'hole' });
  });
});

describe('what shippers have written', () => {
  const signal = new AbortController().signal;
  const place = (
    host: string,
    generation: string,
    offset: number,
    of: Partial<ShipperCheckpoint> = {},
  ) => {
    const value: ShipperCheckpoint = {
      ...{ version: 1, host, generation, path: '/logs/a.log', offset, generationStart: 10 },
      identity: { device: '1', inode: '2', fingerprint: '', fingerprintBytes: 0, birthMs: 1 },
      ...{ state: 'open', openEntryId: null, interrupted: false, seenBytes: 1, writtenAtMs: 1 },
      ...of,
    };
    return { key: `${host}/${generation}`, value: JSON.stringify(value) };
  };
  const send = (...messages: { key: string; value: string | null }[]) =>
    producer.send({ topic: topics.shipperCheckpoints.name, messages });

  it('is the last place of every file of every host, also of files that are gone', async () => {
    await send(
      place('web-1', '1-a', 100),
      place('web-2', '1-a', 50),
      place('web-1', '1-a', 200),
      { key: 'web-1#start', value: '{}' },
      { key: 'web-2/1-a', value: null },
      place('web-3', '1-b', 70, { dataset: 'other-logs' }),
    );
    expect(await readShipped(supportLogs, { kafka, signal })).toEqual(
      new Map([
        ['web-1/1-a', { host: 'web-1', start: 10, upto: 200 }],
        ['web-2/1-a', { host: 'web-2', start: 10, upto: 50 }],
      ]),
    );
  });
});
