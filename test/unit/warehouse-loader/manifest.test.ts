import { expect, test } from 'vitest';
import { batchIdOf, manifestText } from '../../../warehouse-loader/manifest.ts';

const object = (key: string, etag = 'e') => ({ key, etag, bytes: 12, modifiedMs: 0 });

test('a manifest demands every object with its length: COPY refuses Parquet without it', () => {
  expect(JSON.parse(manifestText('lake', [object('a/b.parquet')]))).toEqual({
    entries: [{ url: 's3://lake/a/b.parquet', mandatory: true, meta: { content_length: 12 } }],
  });
});

test('a batch is known by its objects, whatever their order', () => {
  const id = batchIdOf([object('a'), object('b')]);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(batchIdOf([object('b'), object('a')])).toBe(id);
  expect(batchIdOf([object('a'), object('b', 'other')])).not.toBe(id);
  expect(batchIdOf([object('a')])).not.toBe(id);
});
