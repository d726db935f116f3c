import { expect, it } from 'vitest';
import { requestSnapshot } from '../../../cdc-reader/snapshot-request.ts';
import type { CheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { parseCheckpoint } from '../../../runtime/kafka/checkpoint-value.ts';
import type { TopicRecords } from '../../../runtime/kafka/transactional-writer.ts';
import type { ReaderCheckpoint } from '../../../schemas/checkpoint.ts';

it('removes a damaged checkpoint, for no reader can go on from it', async () => {
  const written: (readonly TopicRecords[])[] = [];
  const writer = {
    open: async () => undefined,
    write: async (records: readonly TopicRecords[]) => void written.push(records),
    close: async () => undefined,
  } as never;
  const store = {
    tombstone: (key: string) => ({ topic: 't', messages: [{ key, value: null }] }),
    recover: async (key: string) =>
      parseCheckpoint({ topic: 't', key, offset: '7' }, Buffer.from('{'), () => {
        throw new Error('not reached');
      }),
  } as unknown as CheckpointStore<ReaderCheckpoint>;
  const { signal } = new AbortController();
  expect(await requestSnapshot('a.b.c', writer, store, signal)).toBe(false);
  expect(written).toEqual([[{ topic: 't', messages: [{ key: 'a.b.c', value: null }] }]]);
});
