import { expect } from 'vitest';
import type pg from 'pg';
import type { LoadStatement } from '../../warehouse-loader/load-statement.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { randomFrom } from './delivery.ts';
import {
  compare,
  compareEnd,
  dataset,
  lakeRow,
  playOut,
  readWarehouse,
  type Scenario,
} from './image-comparison.ts';
import type { Mutation } from './mutations.ts';
import type { PublishedImage } from './source-history.ts';
import { emptyWarehouse, type WarehouseDatabase } from './warehouse-database.ts';

const TOKEN = 'model';

/** Share of batches that are first broken off after a random statement. */
const ROLLBACKS = 0.25;

/**
 * Plays the scenario through the loader's SQL and compares with the model and with the source
 * after every batch. Rejects at the first difference.
 */
export async function compareWithModel(
  database: WarehouseDatabase,
  scenario: Scenario,
  mutate: Mutation = (statements) => statements,
): Promise<void> {
  const { client } = database;
  await reset(client);
  const random = randomFrom(scenario[0]?.[1].seed ?? 0);
  const { played, batches } = playOut(scenario);
  const arrived: PublishedImage[] = [];
  for (const [round, images] of batches.entries()) {
    const statements = mutate(statementsOf(round));
    const rows = images.map(lakeRow);
    if (random() < ROLLBACKS) {
      const before = await readWarehouse(client);
      await database.load(statements, rows, Math.floor(random() * statements.length));
      expect(await readWarehouse(client)).toEqual(before);
    }
    await database.load(statements, rows);
    arrived.push(...images);
    compare(await readWarehouse(client), played, arrived);
  }
  compareEnd(await readWarehouse(client), played);
}

function statementsOf(round: number): LoadStatement[] {
  const object = { key: `o${round}`, etag: 'e', bytes: 1, modifiedMs: 0 };
  return loadStatements(
    { dataset, batchId: `b${round}`, objects: [object] },
    { token: TOKEN, manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/copy' },
  );
}

async function reset(client: pg.Client): Promise<void> {
  await emptyWarehouse(client);
  await client.query(`INSERT INTO ops.loader VALUES ('${dataset.name}', '${TOKEN}', getdate())`);
}
