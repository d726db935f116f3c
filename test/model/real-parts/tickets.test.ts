import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliveryOf } from '../delivery.ts';
import {
  compare,
  compareEnd,
  dataset,
  lakeRow,
  playOut,
  readWarehouse,
  type Scenario,
} from '../image-comparison.ts';
import { imageMutations, loaderMutations, type Mutation } from '../mutations.ts';
import { history } from '../source-history.ts';
import { everyDisturbance, roundsOf, type Round } from './disturbances.ts';
import { emptyTally, sumOf, type Tally } from './fleet.ts';
import { play } from './play.ts';
import { openRealParts, type RealParts } from './real-parts.ts';
import { assertReplayable } from './replayable.ts';
import { expectSeen, lightOn } from './sharpness.ts';

const long = process.env['CAREPLUS_LONG'] === '1';

let parts: RealParts;

beforeAll(async () => {
  parts = await openRealParts(dataset);
});

afterAll(async () => {
  await parts[Symbol.asyncDispose]();
});

function sideBySideOf(count: number): fc.Arbitrary<Scenario> {
  return fc.array(fc.tuple(history, deliveryOf([20, 60])), { minLength: count, maxLength: count });
}

const many = sideBySideOf(30);

async function playTickets(
  histories: Scenario,
  rounds: readonly Round[],
  mutation?: Mutation,
): Promise<Tally> {
  const { played, batches } = playOut(histories);
  return play(
    parts,
    {
      ...{ dataset, batches, lakeRow },
      read: () => readWarehouse(parts.database),
      compare: (warehouse, arrived) => compare(warehouse, played, arrived),
      compareEnd: (warehouse) => compareEnd(warehouse, played),
    },
    { rounds, seed: histories[0]?.[1].seed ?? 0, ...(mutation ? { mutation } : {}) },
  );
}

test.each([
  ['many histories side by side', many, long ? 34 : 2],
  ['one history alone', sideBySideOf(1), long ? 60 : 2],
])(
  'real loaders on real objects do what the model says, whatever disturbs them: %s',
  { timeout: 3_600_000 },
  async (_, scenario, plays) => {
    let sum = emptyTally;
    await assertReplayable(
      fc.asyncProperty(scenario, roundsOf(dataset, everyDisturbance), async (past, rounds) => {
        sum = sumOf(sum, await playTickets(past, rounds));
      }),
      plays,
    );
    expect(sum.transactions).toBeGreaterThan(0);
    expect(sum.takeOvers).toBeGreaterThan(plays);
  },
);

const planted = { ...imageMutations, ...loaderMutations };
const mostTelling = [
  ...['half a transaction', 'a hole', 'the epoch of a number', 'a pending image'],
  ...['the newest verdict', 'the fence', 'the lock'],
];

describe('the play is sharp: it sees the loss of', () => {
  test.each(long ? Object.keys(planted) : mostTelling)('%s', async (name) => {
    const { disturbance, alone } = lightOn(name);
    await expectSeen(
      fc.asyncProperty(
        alone ? sideBySideOf(1) : many,
        roundsOf(dataset, [disturbance]),
        async (past, rounds) => {
          await playTickets(past, rounds, planted[name]);
        },
      ),
    );
  });
});
