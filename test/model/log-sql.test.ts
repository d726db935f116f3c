import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadStatement } from '../../warehouse-loader/load-statement.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { randomFrom } from './delivery.ts';
import { compare, compareEnd, dataset, lakeRow, readWarehouse } from './log-comparison.ts';
import { deliverLogs, lastRanges, logScenario, type LogScenario } from './log-history.ts';
import type { LogRange } from './log-model.ts';
import { logMutations, type Mutation } from './mutations.ts';
import { emptyWarehouse, openWarehouse, type WarehouseDatabase } from './warehouse-database.ts';

const long = process.env['CAREPLUS_LONG'] === '1';
const TOKEN = 'model';
/** Share of batches that are first broken off after a random statement. */
const ROLLBACKS = 0.25;

let database: WarehouseDatabase;

beforeAll(async () => {
  database = await openWarehouse(dataset);
});

afterAll(async () => {
  await database.close();
});

function statementsOf(round: number): LoadStatement[] {
  const object = { key: `o${round}`, etag: 'e', bytes: 1, modifiedMs: 0 };
  return loadStatements(
    { dataset, batchId: `b${round}`, objects: [object] },
    { token: TOKEN, manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/copy' },
  );
}

async function compareWithModel(
  scenario: LogScenario,
  mutate: Mutation = (statements) => statements,
): Promise<void> {
  await reset(database);
  const random = randomFrom(scenario.how.seed + 1);
  const arrived: LogRange[] = [];
  let before = await readWarehouse(database.client);
  for (const [round, batch] of deliverLogs(scenario).entries()) {
    const statements = mutate(statementsOf(round));
    const rows = batch.map(lakeRow);
    if (random() < ROLLBACKS) {
      await database.load(statements, rows, Math.floor(random() * statements.length));
      expect(await readWarehouse(database.client)).toEqual(before);
    }
    await database.load(statements, rows);
    arrived.push(...batch);
    before = await readWarehouse(database.client);
    compare(before, arrived);
  }
  compareEnd(before, lastRanges(scenario.files));
}

async function reset({ client }: WarehouseDatabase): Promise<void> {
  await emptyWarehouse(client);
  await client.query(`INSERT INTO ops.loader VALUES ('${dataset.name}', '${TOKEN}', getdate())`);
}

test(
  'the loader’s SQL does with logs what the model says, batch by batch',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(logScenario, async (scenario) => compareWithModel(scenario)),
      // Shrinking plays hundreds of histories: only where there is time for it.
      { numRuns: long ? 600 : 10, endOnFailure: !long },
    );
  },
);

describe('the comparison is sharp: with logs it sees the loss of', () => {
  test.each(Object.keys(logMutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(logScenario, async (scenario) =>
        compareWithModel(scenario, logMutations[name]),
      ),
      { numRuns: 300, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    // Seen by the comparison or by the statements' own check, not by a statement that is no SQL.
    expect(String(outcome.errorInstance)).toMatch(/AssertionError|division by zero/);
  });
});
