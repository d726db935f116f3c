import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type EndpointProcess,
  startEndpointProcess,
} from '../../conformance/endpoint-under-test.ts';
import { BUCKET, type LakeClients, openLakeClients, range } from './lake-clients.ts';

let stateDir: string;
let endpoint: EndpointProcess;
let lake: LakeClients;
let next = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'careplus-faults-'));
  endpoint = await startEndpointProcess(stateDir);
  lake = openLakeClients(endpoint.url);
  await lake.create(0);
});

afterEach(async () => {
  await lake.faults.clear();
});

afterAll(async () => {
  lake.destroy();
  await endpoint.stop();
  await rm(stateDir, { recursive: true });
});

/** Numbers that no test has used. */
function fresh(count: number): readonly number[] {
  const numbers = range(next, count);
  next += count;
  return numbers;
}

const copies = async (numbers: readonly number[]) => {
  const delivered = await lake.delivered();
  return numbers.map((number) => delivered.filter((other) => other === number).length);
};

const arrive = (numbers: readonly number[], expected: number) =>
  vi.waitFor(async () => expect(await copies(numbers)).toEqual(numbers.map(() => expected)), {
    timeout: 20_000,
    interval: 50,
  });

const put = (Key: string) => lake.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));

const exists = (Key: string) =>
  lake.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key })).then(
    () => true,
    () => false,
  );

describe('faults of the exchange', () => {
  it('throttle: Firehose as 503 ServiceUnavailableException, S3 as 503 SlowDown, nothing done', async () => {
    await lake.faults.add(
      { op: 'PutRecordBatch', action: 'throttle' },
      { op: 'PutObject', action: 'throttle' },
    );
    await expect(lake.put(fresh(1))).rejects.toMatchObject({
      name: 'ServiceUnavailableException',
      $metadata: { httpStatusCode: 503 },
    });
    await expect(put('throttled')).rejects.toMatchObject({
      name: 'SlowDown',
      $metadata: { httpStatusCode: 503 },
    });
    expect(await exists('throttled')).toBe(false);
  });

  it('error: 500, by the name of each service', async () => {
    await lake.faults.add(
      { op: 'PutRecordBatch', action: 'error' },
      { op: 'PutObject', action: 'error' },
    );
    await expect(lake.put(fresh(1))).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    });
    await expect(put('failed')).rejects.toMatchObject({ name: 'InternalError' });
  });

  it('refuse: 400 by the name and words of AWS', async () => {
    await lake.faults.add({
      ...{ op: 'PutRecordBatch', action: 'refuse', code: 'ExpiredTokenException' },
    });
    await expect(lake.put(fresh(1))).rejects.toMatchObject({
      name: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('drop-before has no effect, drop-after has it; neither answers', async () => {
    await lake.faults.add(
      { op: 'PutObject', match: 'lake/before', action: 'drop-before' },
      { op: 'PutObject', match: 'lake/after', action: 'drop-after' },
    );
    await expect(put('before')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(put('after')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect([await exists('before'), await exists('after')]).toEqual([false, true]);
  });

  it('drop-after on PutRecordBatch: what is sent again is delivered twice', async () => {
    await lake.faults.add({ op: 'PutRecordBatch', action: 'drop-after' });
    const numbers = fresh(3);
    await expect(lake.put(numbers)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await lake.put(numbers);
    await arrive(numbers, 2);
  });

  it('delay: the answer comes so much later', async () => {
    await lake.faults.add({ op: 'PutObject', action: 'delay', ms: 200 });
    const startedAt = performance.now();
    await put('delayed');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(195);
  });
});

describe('faults of Firehose', () => {
  it('fail-records: those records fail in an answer that is otherwise good', async () => {
    await lake.faults.add({ op: 'PutRecordBatch', action: 'fail-records', first: 1, count: 2 });
    const numbers = fresh(5);
    const [one, , , four, five] = numbers;
    expect(await lake.put(numbers)).toEqual([one, four, five]);
    await arrive([one, four, five] as number[], 1);
    expect(await copies(numbers)).toEqual([1, 0, 0, 1, 1]);
  });

  it('fail-records by share: so many of all records, whatever the calls', async () => {
    await lake.faults.add({ op: 'PutRecordBatch', action: 'fail-records', share: 0.3, times: 99 });
    let taken = 0;
    for (let call = 0; call < 10; call += 1) taken += (await lake.put(fresh(100))).length;
    expect(taken).toBeGreaterThan(690);
    expect(taken).toBeLessThan(710);
  });

  it('fail-records by content: what holds the text is refused in every call', async () => {
    const [good = 0, bad = 0] = fresh(2);
    await lake.faults.add({
      ...{ op: 'PutRecordBatch', action: 'fail-records', containing: `{"seq":${bad}}`, times: 99 },
    });
    for (const numbers of [[good, bad], [bad], [bad]]) {
      expect(await lake.put(numbers)).toEqual(numbers.filter((number) => number !== bad));
    }
    await arrive([good], 1);
  });

  it('lose-records: acknowledged records vanish without a trace', async () => {
    await lake.faults.add({ op: 'Deliver', action: 'lose-records', first: 2, count: 1 });
    const numbers = fresh(4);
    expect(await lake.put(numbers)).toEqual(numbers);
    await arrive(
      numbers.filter((_, index) => index !== 2),
      1,
    );
    expect(await copies(numbers)).toEqual([1, 1, 0, 1]);
    const { delivered } = await lake.faults.stats();
    expect(delivered['tickets']?.lostRecords).toBe(1);
  });

  it('duplicate-object: the same rows come in a second object', async () => {
    await lake.faults.add({ op: 'Deliver', action: 'duplicate-object' });
    const numbers = fresh(3);
    await lake.put(numbers);
    await arrive(numbers, 2);
  });

  it('delay-object: later objects overtake it', async () => {
    await lake.faults.add({ op: 'Deliver', action: 'delay-object', ms: 2_000 });
    const late = fresh(2);
    await lake.put(late);
    const later = fresh(2);
    await lake.put(later);
    const seen = await vi.waitFor(
      async () => {
        const both = await copies([...late, ...later]);
        expect(both.slice(2)).toEqual([1, 1]);
        return both;
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(seen).toEqual([0, 0, 1, 1]);
    await arrive(late, 1);
  });
});

describe('the knobs', () => {
  it('count calls and fired faults', async () => {
    const before = await lake.faults.stats();
    await lake.faults.add({ op: 'PutObject', skip: 1, action: 'throttle' });
    await put('counted');
    await expect(put('counted')).rejects.toThrow();
    const after = await lake.faults.stats();
    expect((after.calls['PutObject'] ?? 0) - (before.calls['PutObject'] ?? 0)).toBe(2);
    const fired = 'PutObject throttle';
    expect((after.faults[fired] ?? 0) - (before.faults[fired] ?? 0)).toBe(1);
    expect(await lake.faults.list()).toMatchObject([{ seen: 2, fired: 1 }]);
  });

  it('refuse a rule that could never fire, with the reason', async () => {
    const refused = lake.faults.add({ op: 'PutObject', action: 'fail-records', count: 1 });
    await expect(refused).rejects.toThrow('no such operation asks for this action');
    expect(await lake.faults.list()).toEqual([]);
  });
});
