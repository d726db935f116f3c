import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDifferenceList } from '../../../operations/verify/differences.ts';
import { readWarehouse } from '../../../operations/verify/warehouse-reading.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { imageTables } from '../../../warehouse-loader/image-statements.ts';
import { recomputePeriods } from '../../../warehouse-loader/period-statements.ts';
import { ticket } from '../../unit/operations/verify/readings.ts';
import { startLocalWarehouse, type LocalWarehouse } from '../dashboard/local-warehouse.ts';
import { insertRows, loadImages, EPOCH, SOURCE, type LoadedImage } from './loaded-warehouse.ts';

const scope = { dataset: supportTickets, source: SOURCE };
const { signal } = new AbortController();
let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
});
afterAll(() => warehouse.close());

const open = ticket({ ticket_id: 'T2' });
const resolved = ticket({
  ...{ ticket_id: 'T2', resolved_at: '2025-07-02 09:00:00', status: 'Resolved' },
});
const history: LoadedImage[] = [
  { kind: '+', raw: ticket(), gtid: null },
  { kind: '+', raw: open, gtid: '0-1-10' },
  { kind: '-', raw: open, gtid: '0-1-12', ends: false },
  { kind: '+', raw: resolved, gtid: '0-1-12' },
];

beforeEach(async () => {
  const { database } = warehouse;
  await loadImages(database, history);
  // The snapshot ends behind the first row.
  await database.query('UPDATE careplus.ticket_changes SET seq = seq + 1 WHERE seq > 1');
  const end = { kind: 'E', tx_end: 1, key_hash: '', image_id: '', rank: 0, rules_version: 0 };
  await insertRows(database, 'careplus.ticket_changes', [
    { ...end, source: SOURCE, epoch: EPOCH, seq: 2, accepted: 0, committed_ms: 1 },
  ]);
  const { lifecycle } = supportTickets;
  if (lifecycle === null) throw new Error('no lifecycle');
  for (const sql of recomputePeriods(supportTickets, lifecycle, imageTables(supportTickets))) {
    await database.query(sql);
  }
});

async function check() {
  const place = { epoch: EPOCH, above: 5, expectedImages: 3, expectedEvents: 5 };
  const reading = await readWarehouse(warehouse.api, scope, { ...place, signal });
  const differences = createDifferenceList();
  const wrong = await reading?.checkLives(differences);
  return { wrong, found: differences.first };
}

describe('the periods of statuses', () => {
  it('are what the history tells', async () => {
    const { rows } = await warehouse.database.query('SELECT 1 FROM careplus.ticket_periods');
    expect(rows).toHaveLength(3);
    expect(await check()).toEqual({ wrong: 0, found: [] });
  });

  const where = "ticket_id = 'T2' AND place = 2";
  it.each([
    ["status = 'Open'", { status: 'Resolved' }, { status: 'Open' }],
    ["prior_status = 'x'", { prior_status: 'Open' }, { prior_status: 'x' }],
    ['left_ms = 5', { left_ms: null }, { left_ms: 5 }],
    ['entered_ms = 5', { entered_ms: Date.UTC(2025, 6, 2, 9) }, { entered_ms: 5 }],
    ['seq = 1', { seq: 5 }, { seq: 1 }],
    ["agent = 'Eve'", { agent: 'Ann' }, { agent: 'Eve' }],
    ['rules_version = 9', { rules_version: supportTickets.rulesVersion }, { rules_version: 9 }],
  ])('are found and named where a person has set %s', async (set, expected, found) => {
    await warehouse.database.query(`UPDATE careplus.ticket_periods SET ${set} WHERE ${where}`);
    const [difference, ...others] = (await check()).found;
    expect(difference).toMatchObject({
      ...{ kind: 'changed-period', table: 'careplus.ticket_periods', key: 'T2 period 2' },
      ...{ expected, found },
    });
    expect(others).toEqual([]);
  });

  it('are missed, and none is too much', async () => {
    await warehouse.database.query(`DELETE FROM careplus.ticket_periods WHERE ${where}`);
    await insertRows(warehouse.database, 'careplus.ticket_periods', [
      { source: SOURCE, key_hash: 'f'.repeat(32), place: 1, status: 'Open', ticket_id: 'T9' },
    ]);
    expect((await check()).found).toMatchObject([
      { kind: 'changed-period', key: 'T2 period 2', expected: { status: 'Resolved' }, found: null },
      { kind: 'changed-period', key: 'T9 period 1', expected: null, found: { status: 'Open' } },
    ]);
  });
});
