import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Segment,
  segmentFile,
} from '../../../../../../infra/local/aws-endpoint/firehose/segments.ts';
import {
  Spool,
  type SpoolOptions,
  SpoolUnavailable,
} from '../../../../../../infra/local/aws-endpoint/firehose/spool.ts';

let folder: string;
let sealed: Segment[];
let errors: unknown[];
let spool: Spool;

function open(options: Partial<SpoolOptions> = {}): Spool {
  spool = new Spool({
    folder,
    maxSegmentBytes: 1_000,
    intervalMs: 60_000,
    onSealed: (segment) => sealed.push(segment),
    onError: (error) => errors.push(error),
    ...options,
  });
  return spool;
}

const lines = async () => {
  const files = (await readdir(folder)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')));
  return texts.map((text) => text.split('\n').filter((line) => line !== '').length);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'careplus-spool-'));
  sealed = [];
  errors = [];
});

afterEach(async () => {
  await spool.close();
  await rm(folder, { recursive: true });
});

describe('Spool', () => {
  it('has the records on disk when the call returns', async () => {
    await open().append(['AAAA', 'BBBB'], 6);
    expect(await lines()).toEqual([2]);
    expect(sealed).toEqual([]);
  });

  it('takes calls one right after the other', async () => {
    open();
    for (let call = 0; call < 50; call++) await spool.append(['AAAA'], 3);
    await Promise.all(Array.from({ length: 50 }, () => spool.append(['AAAA'], 3)));
    expect(await lines()).toEqual([100]);
  });

  it('ends a segment at its size and begins the next', async () => {
    open({ maxSegmentBytes: 10 });
    for (let call = 0; call < 4; call++) await spool.append(['AAAAAAAA'], 6);
    await vi.waitFor(() => expect(sealed).toHaveLength(2));
    expect(await lines()).toEqual([2, 2]);
  });

  it('ends a segment its interval after its first record', async () => {
    const before = Date.now();
    await open({ intervalMs: 100 }).append(['AAAA'], 3);
    await vi.waitFor(() => expect(sealed).toHaveLength(1));
    const [segment] = sealed;
    expect(segment?.arrivalMs).toBeGreaterThanOrEqual(before);
    expect(Date.now() - before).toBeGreaterThanOrEqual(100);
    expect(segment && (await readdir(folder))).toEqual(segment && [segmentFile(segment)]);
  });

  it('ends a segment with its first write where the interval is 0', async () => {
    await open({ intervalMs: 0 }).append(['AAAA'], 3);
    await vi.waitFor(() => expect(sealed).toHaveLength(1));
  });

  it('leaves an unfinished segment on disk when it closes, and takes nothing more', async () => {
    await open().append(['AAAA'], 3);
    await spool.close();
    expect(sealed).toEqual([]);
    expect(await lines()).toEqual([1]);
    await expect(spool.append(['AAAA'], 3)).rejects.toThrow(SpoolUnavailable);
  });

  it('refuses the records where the disk does, and goes on when it is well again', async () => {
    const missing = join(folder, 'missing');
    open({ folder: missing });
    await expect(spool.append(['AAAA'], 3)).rejects.toThrow(SpoolUnavailable);
    expect(errors).toHaveLength(1);
    await mkdir(missing);
    await spool.append(['AAAA'], 3);
    expect(await readdir(missing)).toHaveLength(1);
  });

  it('refuses new records while too many wait for the disk', async () => {
    open({ maxSegmentBytes: 2 ** 40 });
    const large = 'A'.repeat(4 * 1024 * 1024);
    const settled = await Promise.allSettled(
      Array.from({ length: 20 }, () => spool.append([large], large.length)),
    );
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(await lines()).toEqual([settled.length - refused.length]);
  });
});
