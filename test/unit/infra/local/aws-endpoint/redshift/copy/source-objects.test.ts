import { describe, expect, it } from 'vitest';
import { CopyError } from '../../../../../../../infra/local/aws-endpoint/redshift/copy/copy-error.ts';
import {
  fetchSource,
  readManifest,
} from '../../../../../../../infra/local/aws-endpoint/redshift/copy/source-objects.ts';

const manifest = (value: unknown) => async () => Buffer.from(JSON.stringify(value));
const address = { bucket: 'b', key: 'm' };

describe('readManifest (loading-data-files-using-manifest)', () => {
  it('reads entries; mandatory is false unless said', async () => {
    const entries = [
      { url: 's3://b/k/1', mandatory: true, meta: { content_length: 3 } },
      { url: 's3://other/k 2', meta: { content_length: 0 } },
    ];
    expect(await readManifest(address, manifest({ entries }))).toEqual([
      { bucket: 'b', key: 'k/1', mandatory: true, contentLength: 3 },
      { bucket: 'other', key: 'k 2', mandatory: false, contentLength: 0 },
    ]);
  });

  it('refuses an entry without meta with code 15003', async () => {
    const entries = [{ url: 's3://b/k', mandatory: true }];
    await expect(readManifest(address, manifest({ entries }))).rejects.toThrow(/15003/);
  });

  it.each([
    ['no JSON', async () => Buffer.from('{')],
    ['no entries', manifest({ entries: [] })],
    ['another address than s3', manifest({ entries: [{ url: 'https://b/k' }] })],
    ['nothing there', async () => undefined],
  ])('refuses %s', async (_, fetchObject) => {
    await expect(readManifest(address, fetchObject)).rejects.toThrow(CopyError);
  });
});

describe('fetchSource', () => {
  const source = { ...address, mandatory: true, contentLength: 2 };
  const bytes = async () => Buffer.from('ab');
  const nothing = async () => undefined;

  it('takes an object of the length that the manifest says', async () => {
    expect(await fetchSource(source, bytes)).toEqual(Buffer.from('ab'));
  });

  it('refuses another length and a mandatory object that is not there', async () => {
    await expect(fetchSource({ ...source, contentLength: 3 }, bytes)).rejects.toThrow(CopyError);
    await expect(fetchSource(source, nothing)).rejects.toThrow(CopyError);
  });

  it('passes over another object that is not there', async () => {
    expect(await fetchSource({ ...source, mandatory: false }, nothing)).toBeUndefined();
  });
});
