import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sideBySide } from '../delivery.ts';
import { compare, compareEnd, dataset, lakeRow, readWarehouse } from '../log-comparison.ts';
import { deliverLogs, lastRanges, logScenarioOf, type LogScenario } from '../log-history.ts';
import type { LogRange } from '../log-model.ts';
import { loaderMutations, logMutations, type Mutation } from '../mutations.ts';
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

function sideBySideOf(count: number): fc.Arbitrary<readonly LogScenario[]> {
  return fc.array(logScenarioOf([20, 60]), { minLength: count, maxLength: count });
}

/** Some forty files. */
const many = sideBySideOf(12);

/** Each scenario has hosts of its own. */
async function playLogs(
  side: readonly LogScenario[],
  rounds: readonly Round[],
  mutation?: Mutation,
): Promise<Tally> {
  const own = (index: number) => (range: LogRange) => ({
    ...range,
    host: `${range.host}.${index}`,
    entryId: range.entryId && `${range.entryId}.${index}`,
  });
  const batches = sideBySide(
    side.map((each, index) => deliverLogs(each).map((batch) => batch.map(own(index)))),
  );
  const last = side.flatMap(({ files }, index) => lastRanges(files).map(own(index)));
  return play(
    parts,
    {
      ...{ dataset, batches, lakeRow, compare },
      read: () => readWarehouse(parts.database),
      compareEnd: (warehouse) => compareEnd(warehouse, last),
    },
    { rounds, seed: side[0]?.how.seed ?? 0, ...(mutation ? { mutation } : {}) },
  );
}

test.each([
  ['many histories side by side', many, long ? 30 : 1],
  ['one history alone', sideBySideOf(1), long ? 60 : 1],
])(
  'real loaders on real objects of logs do what the model says, whatever disturbs them: %s',
  { timeout: 3_600_000 },
  async (_, scenario, plays) => {
    let sum = emptyTally;
    await assertReplayable(
      fc.asyncProperty(scenario, roundsOf(dataset, everyDisturbance), async (side, rounds) => {
        sum = sumOf(sum, await playLogs(side, rounds));
      }),
      plays,
    );
    expect(sum.transactions).toBeGreaterThan(0);
    expect(sum.takeOvers).toBeGreaterThan(plays);
  },
);

const planted = { ...logMutations, ...loaderMutations };
const mostTelling = ['a hole', 'repeats of an entry', 'the newest verdict', 'the lock'];

describe('the play is sharp: with logs it sees the loss of', () => {
  test.each(long ? Object.keys(planted) : mostTelling)('%s', async (name) => {
    const { disturbance, alone } = lightOn(name);
    await expectSeen(
      fc.asyncProperty(
        alone ? sideBySideOf(1) : many,
        roundsOf(dataset, [disturbance]),
        async (side, rounds) => {
          await playLogs(side, rounds, planted[name]);
        },
      ),
    );
  });
});
