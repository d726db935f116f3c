import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startLocalLake, type LocalLake } from './local-lake.ts';

let lake: LocalLake;

beforeAll(async () => {
  lake = await startLocalLake();
});

afterAll(async () => {
  await lake[Symbol.asyncDispose]();
});

test('a batch', async () => {
  const loader = lake.startLoader();
  await lake.deliver([
    { seq: 1, kind: '+', ticket: 'A', status: 'Open' },
    { seq: 2, kind: 'E' },
  ]);
  await vi
    .waitFor(async () => expect(await lake.tickets()).toEqual({ A: 'Open' }), {
      timeout: 6_000,
      interval: 100,
    })
    .catch(() => console.log('NOT SHOWN'));
  console.log(await lake.latest(), await lake.ledger(), loader.lines);
  console.log(JSON.stringify(await lake.stats()));
  console.log(await loader.stop(), loader.lines);
});
