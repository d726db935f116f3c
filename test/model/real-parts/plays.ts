import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { loaderMutations, type Mutation } from '../mutations.ts';
import { everyDisturbance, roundsOf } from './disturbances.ts';
import { emptyTally, sumOf, type Tally } from './fleet.ts';
import type { PlayOptions } from './play.ts';
import { openRealParts, type RealParts } from './real-parts.ts';
import { assertReplayable } from './replayable.ts';
import { expectSeen, lightOn } from './sharpness.ts';

/** A kind of dataset, as it is put to the test. */
export interface Plays<Histories> {
  readonly dataset: AnyDataset;
  readonly sideBySide: (count: number) => fc.Arbitrary<Histories>;
  /** So many histories make a play; `npm test` plays so many of these. */
  readonly many: { readonly histories: number; readonly plays: number };
  readonly play: (
    parts: RealParts,
    histories: Histories,
    options: Pick<PlayOptions, 'rounds' | 'mutation'>,
  ) => Promise<Tally>;
  readonly mutations: Readonly<Record<string, Mutation>>;
  /** Those that `npm test` plants. */
  readonly mostTelling: readonly string[];
}

const long = process.env['CAREPLUS_LONG'] === '1';
/** With CAREPLUS_LONG=1. */
const LONG_PLAYS = { many: 36, alone: 60 };

/** Declares the tests of one kind of dataset through the real parts. */
export function testPlays<Histories>(kind: Plays<Histories>): void {
  const { dataset, many, sideBySide, play, mostTelling } = kind;
  let parts: RealParts;

  beforeAll(async () => {
    parts = await openRealParts(dataset);
  });

  afterAll(async () => {
    await parts[Symbol.asyncDispose]();
  });

  test.each([
    ['many histories side by side', many.histories, long ? LONG_PLAYS.many : many.plays],
    ['one history alone', 1, long ? LONG_PLAYS.alone : 1],
  ])(
    'real loaders on real objects do what the model says, whatever disturbs them: %s',
    { timeout: 3_600_000 },
    async (_, count, plays) => {
      let sum = emptyTally;
      const property = fc.asyncProperty(
        sideBySide(count),
        roundsOf(dataset, everyDisturbance),
        async (histories, rounds) => {
          sum = sumOf(sum, await play(parts, histories, { rounds }));
        },
      );
      await assertReplayable(property, plays);
      expect(sum.transactions).toBeGreaterThan(0);
      expect(sum.takeOvers).toBeGreaterThanOrEqual(plays);
    },
  );

  const planted = { ...kind.mutations, ...loaderMutations };
  describe('the play is sharp: it sees the loss of', () => {
    test.each(long ? Object.keys(planted) : mostTelling)('%s', async (name) => {
      const { disturbance, alone } = lightOn(name);
      const mutation = planted[name];
      const property = fc.asyncProperty(
        sideBySide(alone ? 1 : many.histories),
        roundsOf(dataset, [disturbance]),
        async (histories, rounds) => {
          await play(parts, histories, { rounds, ...(mutation ? { mutation } : {}) });
        },
      );
      await expectSeen(property);
    });
  });
}
