import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObjectStore } from '../../../../../../infra/local/aws-endpoint/s3/object-store.ts';

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'careplus-store-'));
  store = await ObjectStore.open(folder);
  await store.createBucket('lake');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function* bytes(text: string) {
  yield Buffer.from(text);
}

const keys = async (of: ObjectStore) => (await of.list('lake')).map(({ key }) => key);

const text = async (key: string) => (await store.read('lake', key))?.toString();

describe('ObjectStore', () => {
  it('keeps objects over a restart', async () => {
    await store.put('lake', 'a/b', bytes('one'), { headers: { 'content-type': 'text/plain' } });
    const again = await ObjectStore.open(folder);
    expect(await again.list('lake')).toMatchObject([
      { key: 'a/b', size: 3, headers: { 'content-type': 'text/plain' } },
    ]);
  });

  it('leaves no bytes of an overwritten or deleted object', async () => {
    await Promise.all(['1', '2', '3', '4'].map((body) => store.put('lake', 'a', bytes(body))));
    expect(await readdir(join(folder, 'lake', 'objects'))).toHaveLength(1);
    await store.delete('lake', 'a');
    expect(await readdir(join(folder, 'lake', 'objects'))).toEqual([]);
    expect(await keys(store)).toEqual([]);
  });

  it('lets one of several writers of a new key win', async () => {
    const puts = ['1', '2', '3', '4'].map((body) =>
      store.put('lake', 'a', bytes(body), { isNew: true }),
    );
    const settled = await Promise.allSettled(puts);
    const won = settled.findIndex(({ status }) => status === 'fulfilled');
    const codes = settled.map((put) =>
      put.status === 'rejected' ? (put.reason as { code: string }).code : 'stored',
    );
    expect(codes.sort()).toEqual([
      'PreconditionFailed',
      'PreconditionFailed',
      'PreconditionFailed',
      'stored',
    ]);
    expect(await text('a')).toBe(String(won + 1));
    expect(await readdir(join(folder, 'lake', 'objects'))).toHaveLength(1);
  });

  it('has no object, and no file, where the body is refused or breaks off', async () => {
    const refused = store.put('lake', 'a', bytes('body'), {
      verify: () => {
        throw new Error('wrong checksum');
      },
    });
    await expect(refused).rejects.toThrow('wrong checksum');
    async function* broken() {
      yield Buffer.from('half');
      throw new Error('connection lost');
    }
    await expect(store.put('lake', 'a', broken())).rejects.toThrow('connection lost');
    expect(await keys(store)).toEqual([]);
    expect(await readdir(join(folder, 'lake', 'temporary'))).toEqual([]);
    expect(await readdir(join(folder, 'lake', 'objects'))).toEqual([]);
  });

  it('lists at once what another process has put or deleted in the same folder', async () => {
    const other = await ObjectStore.open(folder);
    for (let round = 0; round < 5; round++) {
      await other.put('lake', `new-${round}`, bytes('x'));
      expect(await keys(store)).toEqual([`new-${round}`]);
      await other.delete('lake', `new-${round}`);
      expect(await keys(store)).toEqual([]);
    }
  });

  it('lists an object that was overwritten with its new size', async () => {
    await store.put('lake', 'a', bytes('1'));
    await store.list('lake');
    await store.put('lake', 'a', bytes('22'));
    expect(await store.list('lake')).toMatchObject([{ key: 'a', size: 2 }]);
  });

  it('removes temporary files that a killed process has left, but no young ones', async () => {
    const temporary = join(folder, 'lake', 'temporary');
    await writeFile(join(temporary, 'old'), '');
    await writeFile(join(temporary, 'young'), '');
    const longAgo = Date.now() / 1000 - 2 * 60 * 60;
    await utimes(join(temporary, 'old'), longAgo, longAgo);
    await ObjectStore.open(folder);
    expect(await readdir(temporary)).toEqual(['young']);
  });
});
