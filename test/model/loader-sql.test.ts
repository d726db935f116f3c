import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { delivery } from './delivery.ts';
import { compareWithModel, dataset, type Scenario } from './loader-comparison.ts';
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

const scenario: fc.Arbitrary<Scenario> = fc.array(fc.tuple(history, delivery), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
});

test(
  'the loader’s SQL does what the model says, batch by batch',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (histories) => {
        await compareWithModel(database, histories);
      }),
      { numRuns: long ? 1_000 : 40, endOnFailure: !long },
    );
  },
);
