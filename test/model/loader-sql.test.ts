import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delivery } from './delivery.ts';
import { compareWithModel, dataset, type Mutation, type Scenario } from './loader-comparison.ts';
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

/** Replaces a text in one statement; the text must be there. */
function change(step: string, from: string, to: string): Mutation {
  return (statements) =>
    statements.map((statement) => {
      if (statement.step !== step) return statement;
      if (!statement.sql.includes(from)) throw new TypeError(`${step} has no ${from}`);
      return { step, sql: statement.sql.replace(from, to) };
    });
}

/** Leaves a statement out. */
function without(step: string): Mutation {
  return (statements) => {
    if (!statements.some((statement) => statement.step === step)) throw new TypeError(`no ${step}`);
    return statements.filter((statement) => statement.step !== step);
  };
}

const mutations: Readonly<Record<string, Mutation>> = {
  'half a transaction': change('reach', ' AND q.tx_end = 1', ''),
  'a hole': change('reach', 'q.seq = q.lo + q.rn AND', ''),
  'repeats inside a batch': change('stage', 'WHERE q.rn = 1', ''),
  'repeats of pending images': without('drop repeats of pending'),
  'a newer verdict of a pending image': without('drop older pending'),
  'applied images that stay pending': without('drop applied pending'),
  'the barrier, for images before the batch': without('barrier'),
  'the barrier, for images of the batch': change('rebuild', 'a.seq > a.bar AND', ''),
  'the end of the snapshot': change('newest ready epochs', 'WHERE ready = 1', ''),
  'a newer verdict of an applied image': change(
    'find rejudged',
    's.rules_version > o.rules_version',
    '1 = 0',
  ),
  'the old verdict in history': without('drop old verdicts'),
  'the newest verdict': change('rebuild', 'y.rules_version DESC', 'y.rules_version'),
  'the repair of an unreadable image': change(
    'rebuild',
    'UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.event_seq, -1, 1,',
    'UNION ALL SELECT x.source, x.epoch, x.key_hash, x.image_id, x.event_seq, 0, 1,',
  ),
  'the key under which an unreadable image stood': change(
    'find repaired',
    'r.old_key_hash',
    'r.key_hash',
  ),
  'a repair of what a barrier removed': change(
    'rebuild',
    'CASE WHEN x.seq IS NULL THEN 0 WHEN',
    "CASE WHEN r.old_kind <> 'X' THEN 0 WHEN",
  ),
  'the latest by content': change('rebuild', 'z.rank DESC, z.image_id DESC', 'z.event_seq DESC'),
  'the rank': change('rebuild', 'z.rank DESC, ', ''),
  'closing an epoch': change(
    'show epochs',
    'WHEN ticket_frontier.epoch >= newest.epoch THEN 1',
    'WHEN 1 = 1 THEN 1',
  ),
  'the state of closed epochs': without('drop closed state'),
  'pending images of closed epochs': without('drop closed pending'),
};

describe('the comparison is sharp: it sees the loss of', () => {
  test.each(Object.keys(mutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(scenario, async (histories) => {
        await compareWithModel(database, histories, mutations[name]);
      }),
      { numRuns: 20, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    // Seen by the comparison or by the statements' own check, not by a statement that is no SQL.
    expect(String(outcome.errorInstance)).toMatch(
      /AssertionError|half a transaction|division by zero/,
    );
  });
});
