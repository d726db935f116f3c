import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delivery } from './delivery.ts';
import { dataset, type Scenario } from './image-comparison.ts';
import { compareWithModel } from './loader-comparison.ts';
import { imageMutations } from './mutations.ts';
import { history } from './source-history.ts';
import { openWarehouse, type WarehouseDatabase } from './warehouse-database.ts';

const long = process.env['CAREPLUS_LONG'] === '1';

let database: WarehouseDatabase;

beforeAll(async () => {
  database = await openWarehouse(dataset);
});

afterAll(async () => {
  await database.close();
});

/** One history alone, or many side by side. */
const scenario: fc.Arbitrary<Scenario> = fc.oneof(
  { weight: 1, arbitrary: fc.array(fc.tuple(history, delivery), { minLength: 1, maxLength: 1 }) },
  { weight: 4, arbitrary: fc.array(fc.tuple(history, delivery), { minLength: 12, maxLength: 16 }) },
);

test(
  'the loader’s SQL does what the model says, batch by batch',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (histories) => {
        await compareWithModel(database, histories);
      }),
      // Shrinking plays hundreds of histories: only where there is time for it.
      { numRuns: long ? 600 : 22, endOnFailure: !long },
    );
  },
);

describe('the comparison is sharp: it sees the loss of', () => {
  test.each(Object.keys(imageMutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(scenario, async (histories) => {
        await compareWithModel(database, histories, imageMutations[name]);
      }),
      { numRuns: 200, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    // Seen by the comparison or by the statements' own check, not by a statement that is no SQL.
    expect(String(outcome.errorInstance)).toMatch(
      /AssertionError|half a transaction|division by zero/,
    );
  });
});
