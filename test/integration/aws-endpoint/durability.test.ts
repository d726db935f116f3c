import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteDeliveryStreamCommand } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type EndpointProcess,
  startEndpointProcess,
} from '../../conformance/endpoint-under-test.ts';
import { BUCKET, type LakeClients, openLakeClients, range, STREAM } from './lake-clients.ts';

/** Longer than any test: what the buffer holds is delivered by a restart only. */
const NEVER = 900;

let stateDir: string;
const running: EndpointProcess[] = [];
const opened: LakeClients[] = [];

async function start(...args: readonly string[]) {
  const endpoint = await startEndpointProcess(stateDir, args);
  running.push(endpoint);
  return endpoint;
}

function open(url: string, s3Url?: string): LakeClients {
  const clients = openLakeClients(url, s3Url);
  opened.push(clients);
  return clients;
}

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'careplus-durability-'));
});

afterEach(async () => {
  for (const clients of opened.splice(0)) clients.destroy();
  for (const endpoint of running.splice(0)) await endpoint.kill();
  await rm(stateDir, { recursive: true });
});

const spool = () => readdir(join(stateDir, 'firehose', STREAM, 'spool'));

const spoolIsEmpty = () => vi.waitFor(async () => expect(await spool()).toEqual([]), 20_000);

describe('Firehose', () => {
  it('loses no acknowledged record when it is killed under load', async () => {
    const first = await start();
    const lake = open(first.url);
    await lake.create(1);
    const acknowledged: number[] = [];
    let next = 0;
    const send = async () => {
      for (;;) {
        const numbers = range(next, 100);
        next += numbers.length;
        acknowledged.push(...(await lake.put(numbers)));
      }
    };
    const senders = Promise.allSettled(Array.from({ length: 4 }, send));
    // Killed in the middle of writes, and after a first delivery has begun.
    await vi.waitFor(async () => expect((await lake.keys('rows/')).length).toBeGreaterThan(0), {
      timeout: 20_000,
      interval: 5,
    });
    await first.kill();
    await senders;

    const again = open((await start()).url);
    await spoolIsEmpty();
    const delivered = await again.delivered();
    const found = new Set(delivered);
    expect(acknowledged.length).toBeGreaterThan(500);
    expect(acknowledged.filter((number) => !found.has(number))).toEqual([]);
    expect(found.size).toBe(delivered.length);
  });

  it('makes no second object when it is killed between upload and end of the segment', async () => {
    const first = await start();
    const lake = open(first.url);
    await lake.create(0);
    await lake.faults.add({ op: 'Deliver', action: 'crash-after-upload' });
    await lake.put(range(0, 10));
    await first.ended;
    expect(await spool()).toHaveLength(1);

    const again = open((await start()).url);
    await spoolIsEmpty();
    expect(await again.keys('rows/')).toHaveLength(1);
    expect(await again.delivered()).toEqual(range(0, 10));
  });

  it('delivers twice what it accepted before it was killed and what was sent again', async () => {
    const first = await start();
    const lake = open(first.url);
    await lake.create(NEVER);
    await lake.faults.add({ op: 'PutRecordBatch', action: 'crash-after' });
    await expect(lake.put([1, 2])).rejects.toMatchObject({ code: 'ECONNRESET' });
    await first.ended;

    const again = open((await start()).url);
    await spoolIsEmpty();
    await again.firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: STREAM }));
    await again.create(0);
    await again.put([1, 2]);
    await spoolIsEmpty();
    expect(await again.delivered()).toEqual([1, 1, 2, 2]);
  });

  it('cuts a record that was half written when it was killed', async () => {
    const first = await start();
    const lake = open(first.url);
    await lake.create(NEVER);
    await lake.put(range(0, 10));
    await first.kill();
    const [segment] = await spool();
    await appendFile(
      join(stateDir, 'firehose', STREAM, 'spool', segment ?? ''),
      '1764000000000 eyJ',
    );

    const again = open((await start()).url);
    await spoolIsEmpty();
    expect(await again.delivered()).toEqual(range(0, 10));
    expect(await again.keys('errors/')).toEqual([]);
  });

  it('keeps its buffer over a SIGTERM, which ends it with 0, and delivers it after the start', async () => {
    const first = await start();
    const lake = open(first.url);
    await lake.create(NEVER);
    await lake.put(range(0, 10));
    expect(await first.stop()).toBe(0);
    expect(await spool()).toHaveLength(1);

    const again = open((await start()).url);
    await spoolIsEmpty();
    expect(await again.delivered()).toEqual(range(0, 10));
    expect(await again.put([10])).toEqual([10]);
  });

  it('waits for a bucket that is not there, and delivers when it is', async () => {
    const lake = open((await start()).url);
    await lake.create(0);
    await rm(join(stateDir, 's3', BUCKET), { recursive: true });
    await lake.put([1]);
    expect(await spool()).toHaveLength(1);
    await lake.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await spoolIsEmpty();
    expect(await lake.delivered()).toEqual([1]);
  });
});

describe('one state folder', () => {
  it('serves a process of S3 and a process of Firehose at once', async () => {
    const s3 = await start('--only', 's3');
    const firehose = await start('--only', 'firehose');
    const lake = open(firehose.url, s3.url);
    await lake.create(0);
    for (const number of range(0, 5)) {
      await lake.put([number]);
      await spoolIsEmpty();
      expect(await lake.delivered()).toEqual(range(0, number + 1));
    }
    await firehose.kill();
    expect(await lake.delivered()).toEqual(range(0, 5));
  });
});

describe('S3', () => {
  it('keeps every object that it acknowledged when it is killed, and shows none by half', async () => {
    const first = await start('--only', 's3');
    const lake = open(first.url);
    await lake.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const stored: string[] = [];
    let next = 0;
    const send = async () => {
      for (;;) {
        const Key = `object-${next++}`;
        await lake.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key.repeat(1000) }));
        stored.push(Key);
      }
    };
    const senders = Promise.allSettled(Array.from({ length: 4 }, send));
    await vi.waitFor(() => expect(stored.length).toBeGreaterThan(100), { interval: 1 });
    await first.kill();
    await senders;

    const again = open((await start('--only', 's3')).url);
    const keys = await again.keys();
    expect(stored.filter((key) => !keys.includes(key))).toEqual([]);
    for (const Key of keys) {
      const object = await again.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      expect(await object.Body?.transformToString()).toBe(Key.repeat(1000));
    }
  });
});
