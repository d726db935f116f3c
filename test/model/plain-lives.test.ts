import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { supportTickets as dataset } from '../../schemas/datasets/support-tickets/index.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { recomputePeriods } from '../../warehouse-loader/period-statements.ts';
import { lifeMutations, type Mutation } from './mutations.ts';
import {
  emptyWarehouse,
  openWarehouse,
  type LakeRow,
  type WarehouseDatabase,
} from './warehouse-database.ts';

/**
 * Few tickets with long lives, one snapshot behind them: what a batch appends to their periods is
 * what the whole history tells. Beside status-periods.test.ts, whose histories are of every kind and
 * whose lives are short.
 */

const long = process.env['CAREPLUS_LONG'] === '1';
const HOUR = 3_600_000;
const BASE = Date.UTC(2025, 6, 1);

let database: WarehouseDatabase;

beforeAll(async () => {
  database = await openWarehouse(dataset);
});

afterAll(async () => {
  await database.close();
});

interface Content {
  readonly status: string;
  readonly agent: string | null;
  readonly resolvedMs: number | null;
}

const contents: readonly Content[] = [
  { status: 'Open', agent: 'Ada', resolvedMs: null },
  { status: 'Open', agent: null, resolvedMs: null },
  { status: 'Resolved', agent: 'Ada', resolvedMs: BASE + 5 * HOUR },
  { status: 'Resolved', agent: 'Bob', resolvedMs: BASE + 9 * HOUR },
  { status: 'Escalated', agent: 'Bob', resolvedMs: BASE + 5 * HOUR },
  { status: 'Pending', agent: 'Ada', resolvedMs: null },
];

/** Each version of the rules refuses another content. */
const accepts = (version: number, content: number) => content !== (version === 1 ? 5 : 1);

/** What a transaction does to one ticket; mostly its only row is changed. */
type Op = { readonly do: 'change' | 'add' | 'remove'; readonly key: string; readonly to: number };

const op: fc.Arbitrary<Op> = fc.record({
  do: fc.oneof(
    { weight: 8, arbitrary: fc.constant('change' as const) },
    { weight: 3, arbitrary: fc.constantFrom('add' as const, 'remove' as const) },
  ),
  key: fc.constantFrom('a', 'b'),
  to: fc.nat({ max: contents.length - 1 }),
});

/** Batches of transactions; now and then the rules have another version from a batch on. */
const life = fc.array(
  fc.record({
    version: fc.oneof(
      { weight: 6, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.constant(2) },
    ),
    transactions: fc.array(fc.array(op, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { minLength: 3, maxLength: 6 },
);
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

const step = (what: Op['do'], key: string, to = 0): Op[] => [{ do: what, key, to }];

/** What chance brings seldom: two images whose first one goes first, a quarantined one, a return. */
const seldom: Life = [
  [step('add', 'a', 5), step('add', 'a', 0), step('remove', 'a'), step('change', 'a', 3)].concat([
    step('add', 'b', 2),
  ]),
  [step('remove', 'a'), step('change', 'b', 1), step('change', 'b', 3)],
  [step('add', 'a', 0)],
].map((transactions) => ({ version: 2, transactions }));

/** The images of a life, batch by batch; the end of an empty snapshot goes before. */
function imagesOf(batches: Life): LakeRow[][] {
  const rows = new Map<string, number[]>();
  let seq = 1;
  let time = 0;
  const image = (kind: string, key: string, content: number, version: number): LakeRow => {
    const { status, agent, resolvedMs } = contents[content] ?? { status: '' };
    return {
      ...{ source: 's', epoch: 1, seq: (seq += 1), kind, tx_end: 0, rank: content },
      ...{ key_hash: key, image_id: `${key}${content}`, rules_version: version },
      ...{ accepted: accepts(version, content) ? 1 : 0, ticket_id: key, status },
      ...{ agent: agent ?? null, created_at_ms: BASE, resolved_at_ms: resolvedMs ?? null },
      ...{ gtid: `0-1-${time}`, committed_ms: BASE + time * HOUR },
    };
  };
  const apply = ({ do: what, key, to }: Op, version: number): LakeRow[] => {
    const held = rows.get(key) ?? [];
    rows.set(key, held);
    const gone = what === 'add' ? undefined : held.shift();
    if (what !== 'remove') held.push(to);
    return [
      ...(gone === undefined ? [] : [image('-', key, gone, version)]),
      ...(what === 'remove' ? [] : [image('+', key, to, version)]),
    ];
  };
  return batches.map(({ version, transactions }) =>
    transactions.flatMap((ops) => {
      time += 1;
      const images = ops.flatMap((each) => apply(each, version));
      return images.map((each, index) => ({
        ...each,
        tx_end: index === images.length - 1 ? 1 : 0,
      }));
    }),
  );
}

const snapshotEnd: LakeRow = {
  ...{ source: 's', epoch: 1, seq: 1, kind: 'E', tx_end: 1, rank: 0, key_hash: '' },
  ...{ image_id: '', rules_version: 0, accepted: 0 },
};

async function play(batches: Life, mutate: Mutation = (all) => all): Promise<void> {
  const { lifecycle } = dataset;
  if (!lifecycle) throw new TypeError('no lifecycle');
  await emptyWarehouse(database.client);
  await database.client.query(
    `INSERT INTO ops.loader VALUES ('${dataset.name}', 'model', getdate())`,
  );
  const target = { token: 'model', manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/c' };
  for (const [round, rows] of [[snapshotEnd], ...imagesOf(batches)].entries()) {
    const object = { key: `o${round}`, etag: 'e', bytes: 1, modifiedMs: 0 };
    const batch = { dataset, batchId: `b${round}`, objects: [object] };
    await database.load(mutate(loadStatements(batch, target)), rows);
    const stored = await periods();
    for (const sql of recomputePeriods(dataset, lifecycle, imageTables(dataset))) {
      await database.client.query(sql);
    }
    expect(stored).toEqual(await periods());
  }
}

async function periods(): Promise<unknown[]> {
  const { rows } = await database.client.query<Record<string, unknown>>(
    'SELECT * FROM careplus.ticket_periods ORDER BY source, key_hash, place',
  );
  return rows;
}

test('what is appended is what the whole history tells', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(life, (batches) => play(batches)),
    { numRuns: long ? 1_000 : 8, examples: [[seldom]], endOnFailure: !long },
  );
});

describe('the comparison is sharp: of plain lives it sees the loss of', () => {
  test.each(Object.keys(lifeMutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(life, (batches) => play(batches, lifeMutations[name])),
      { numRuns: 300, examples: [[seldom]], endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(String(outcome.errorInstance)).toMatch(/AssertionError/);
  });
});
