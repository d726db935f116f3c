import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replayFile } from '../../../../operations/replay/replay-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-replay-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = { dataset: 'tickets', source: 'topic', from: 'earliest', to: 'latest' } as const;

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
  expect(() => file.read()).toThrow('no replay of tickets was broken off');
  file.write({ request, ranges: new Map(), next: new Map() });
  file.remove();
  expect(() => file.read()).toThrow('no replay of tickets was broken off');
});
