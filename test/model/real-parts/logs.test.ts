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
import { DISTURBED_BY, firstLine, SEEN } from './sharpness.ts';

const long = process.env['CAREPLUS_LONG'] === '1';

let parts: RealParts;

beforeAll(async () => {
  parts = await openRealParts(dataset);
});

afterAll(async () => {
  await parts[Symbol.asyncDispose]();
});

/** Side by side, each with hosts of its own. */
const SCENARIOS = 12;
const scenarios = fc.array(logScenarioOf([20, 60]), {
  ...{ minLength: SCENARIOS, maxLength: SCENARIOS },
});

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

test(
  'real loaders on real objects of logs do what the model says, whatever disturbs them',
  { timeout: 3_600_000 },
  async () => {
    let sum = emptyTally;
    await assertReplayable(
      fc.asyncProperty(scenarios, roundsOf(dataset, everyDisturbance), async (side, rounds) => {
        sum = sumOf(sum, await playLogs(side, rounds));
      }),
      long ? 30 : 1,
    );
    expect(Math.min(...Object.values<number>({ ...sum }))).toBeGreaterThan(0);
  },
);

const planted = { ...logMutations, ...loaderMutations };
const mostTelling = ['a hole', 'repeats of an entry', 'the newest verdict', 'the lock'];

describe('the play is sharp: with logs it sees the loss of', () => {
  test.each(long ? Object.keys(planted) : mostTelling)('%s', async (name) => {
    const rounds = roundsOf(dataset, [DISTURBED_BY[name] ?? 'nothing']);
    const outcome = await fc.check(
      fc.asyncProperty(scenarios, rounds, async (side, disturbed) => {
        await playLogs(side, disturbed, planted[name]);
      }),
      { numRuns: 10, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(firstLine(outcome.errorInstance)).toMatch(SEEN);
  });
});
