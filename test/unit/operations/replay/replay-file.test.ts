import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayFile } from '../../../../operations/replay/replay-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-replay-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = { dataset: 'tickets', source: 'topic', from: 'earliest', to: 'latest' } as const;
const begun = { request, ranges: new Map([[0, { start: 0n, end: 9n }]]), next: new Map() };

it('gives back how far a replay got, and where it was to end', () => {
  const file = replayFile(folder, 'tickets');
  const ranges = new Map([
    [0, { start: 5n, end: 2n ** 60n }],
    [3, { start: 0n, end: 9n }],
  ]);
  file.write({ request, ranges, next: new Map([[3, 4n]]) });
  expect(file.read()).toEqual({
    request,
    ranges,
    // What was not begun goes on at its start.
    next: new Map([
      [0, 5n],
      [3, 4n],
    ]),
  });
});

it('says that there is nothing to go on with', () => {
  const file = replayFile(folder, 'tickets');
  expect(file.read()).toBeUndefined();
  file.write(begun);
  file.remove();
  expect(file.read()).toBeUndefined();
});

describe('a replay', () => {
  it('is the only one of its dataset, until it ends', async () => {
    const one = await replayFile(folder, 'tickets').lock();
    await expect(replayFile(folder, 'tickets').lock()).rejects.toThrow('running already');
    const other = await replayFile(folder, 'logs').lock();
    await one[Symbol.asyncDispose]();
    const next = await replayFile(folder, 'tickets').lock();
    await Promise.all([other, next].map((lock) => lock[Symbol.asyncDispose]()));
  });

  it('is asked to end while it runs, and no later one is', async () => {
    const file = replayFile(folder, 'tickets');
    const lock = await file.lock();
    file.write(begun);
    expect(file.isCancelled).toBe(false);
    expect(await replayFile(folder, 'tickets').cancel()).toBe('running');
    expect(file.isCancelled).toBe(true);
    expect(file.read()).toBeDefined();
    await lock[Symbol.asyncDispose]();
    const next = await file.lock();
    expect(file.isCancelled).toBe(false);
    await next[Symbol.asyncDispose]();
  });

  it('is given up when it was broken off', async () => {
    const file = replayFile(folder, 'tickets');
    file.write(begun);
    expect(await file.cancel()).toBe('broken-off');
    expect(file.read()).toBeUndefined();
    expect(await file.cancel()).toBe('none');
  });
});
