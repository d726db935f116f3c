import { GetObjectCommand, HeadObjectCommand, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  createBatchWatch,
  joinBatches,
  shareLooks,
} from '../../../../../dashboards/web/feeds/batch-watch.ts';

/** The two calls that the watch makes, over one object. */
function fakeS3() {
  const object = { etag: '"1"', text: '{"batch_id":"b1","seq":5}', missing: false, down: false };
  const calls: string[] = [];
  const send = async (command: unknown) => {
    const head = command instanceof HeadObjectCommand;
    calls.push(head ? 'HEAD' : 'GET');
    if (object.down) throw new Error('connect ECONNREFUSED');
    if (object.missing) throw new NotFound({ message: '', $metadata: { httpStatusCode: 404 } });
    expect((command as GetObjectCommand).input).toEqual({ Bucket: 'lake', Key: 'latest.json' });
    return head
      ? { ETag: object.etag }
      : { ETag: object.etag, Body: { transformToString: async () => object.text } };
  };
  const s3 = { send } as unknown as S3Client;
  return { object, calls, watch: createBatchWatch({ s3, bucket: 'lake', key: 'latest.json' }) };
}

const signal = new AbortController().signal;

describe('batch watch', () => {
  it('reads the object when its ETag has changed, and only then', async () => {
    const { object, calls, watch } = fakeS3();
    const first = await watch.latest({ signal });
    expect(first).toEqual({ etag: '"1"', batch: { batch_id: 'b1', seq: 5 } });
    expect(await watch.latest({ signal })).toEqual(first);
    expect(calls).toEqual(['HEAD', 'GET', 'HEAD']);
    Object.assign(object, { etag: '"2"', text: '{"batch_id":"b2"}' });
    expect((await watch.latest({ signal })).batch).toEqual({ batch_id: 'b2' });
  });

  it('says that there was no batch yet', async () => {
    const { object, watch } = fakeS3();
    object.missing = true;
    expect(await watch.latest({ signal })).toEqual({ etag: null, batch: null });
  });

  it('notices a new batch though its text cannot be understood', async () => {
    const { object, watch } = fakeS3();
    object.text = 'not JSON';
    expect(await watch.latest({ signal })).toEqual({ etag: '"1"', batch: null });
  });

  it('reports a lake that does not answer', async () => {
    const { object, watch } = fakeS3();
    object.down = true;
    await expect(watch.latest({ signal })).rejects.toMatchObject({
      code: 'LAKE_4004',
      retryable: true,
    });
  });
});

describe('shared looks', () => {
  function setUp() {
    const world = { nowMs: 0, looks: 0, answer: Promise.resolve({ etag: 'e1', batch: null }) };
    const stop = new AbortController();
    const shared = shareLooks(
      {
        latest() {
          world.looks += 1;
          return world.answer;
        },
      },
      { keepMs: 400, signal: stop.signal, now: () => world.nowMs },
    );
    return { world, shared };
  }
  const { signal } = new AbortController();

  it('are one for all who ask at the same time or shortly after', async () => {
    const { world, shared } = setUp();
    const asked = Array.from({ length: 20 }, () => shared.latest({ signal }));
    expect(new Set((await Promise.all(asked)).map(({ etag }) => etag))).toEqual(new Set(['e1']));
    world.nowMs = 399;
    await shared.latest({ signal });
    expect(world.looks).toBe(1);
    world.nowMs = 400;
    await shared.latest({ signal });
    expect(world.looks).toBe(2);
  });

  it('go on for the others when one who asked goes away', async () => {
    const { world, shared } = setUp();
    const answer = Promise.withResolvers<{ etag: string; batch: null }>();
    world.answer = answer.promise;
    const leaving = new AbortController();
    const first = shared.latest({ signal: leaving.signal });
    const other = shared.latest({ signal });
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    answer.resolve({ etag: 'e2', batch: null });
    expect(await other).toMatchObject({ etag: 'e2' });
  });

  it('that failed are tried again', async () => {
    const { world, shared } = setUp();
    world.answer = Promise.reject(new Error('away'));
    await expect(shared.latest({ signal })).rejects.toThrow('away');
    world.answer = Promise.resolve({ etag: 'e1', batch: null });
    expect(await shared.latest({ signal })).toMatchObject({ etag: 'e1' });
  });
});

describe('joined batches', () => {
  it('are news when either is', async () => {
    const etags = ['a', 'b'];
    const joined = joinBatches(
      [0, 1].map((index) => ({
        async latest() {
          return { etag: etags[index] ?? null, batch: { batch_id: `batch of ${String(index)}` } };
        },
      })),
    );
    const { signal } = new AbortController();
    const before = await joined.latest({ signal });
    etags[1] = 'c';
    const after = await joined.latest({ signal });
    expect(after.etag).not.toBe(before.etag);
    expect(after.batch).toEqual({ batch_id: 'batch of 0' });
  });
});
