import { GetObjectCommand, HeadObjectCommand, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createBatchWatch } from '../../../../../dashboards/web/feeds/batch-watch.ts';

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
