import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns, verdictColumns } from '../../schemas/image-row.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { openWarehouse, type LakeRow, type WarehouseDatabase } from './warehouse-database.ts';

/** A table that has nothing in common with tickets but the model. */
const claims: TableDataset = {
  ...supportTickets,
  name: 'claims',
  entity: 'claim',
  keyField: 'claim_no',
  lifecycle: null,
  cleanColumns: [
    { name: 'claim_no', type: 'text', maxBytes: 32 },
    { name: 'amount', type: 'integer' },
    { name: 'filed_at', type: 'timestamp' },
  ],
};

let database: WarehouseDatabase;

/** What its migration would hold. */
function migration(): string {
  const columns = (list: ReturnType<typeof imageRowColumns>) =>
    list.map(({ name, warehouseType }) => `${name} ${warehouseType}`).join(', ');
  const images = columns(imageRowColumns(claims));
  const copies = ['frontier', 'ledger', 'batches'].map(
    (table) => `CREATE TABLE ops.claim_${table} (LIKE ops.ticket_${table})`,
  );
  return [
    `CREATE TABLE stage.claim_image (${images})`,
    'CREATE TABLE careplus.claim_pending (LIKE stage.claim_image)',
    'CREATE TABLE careplus.claim_changes (LIKE stage.claim_image)',
    `CREATE TABLE careplus.claim_state (source VARCHAR(255), epoch BIGINT, key_hash VARCHAR(32),
      image_id VARCHAR(32), copies BIGINT, is_latest INTEGER, event_seq BIGINT,
      ${columns(verdictColumns(claims))})`,
    ...copies,
    `INSERT INTO ops.loader VALUES ('claims', 't', getdate())`,
  ].join(';\n');
}

beforeAll(async () => {
  database = await openWarehouse(claims, migration());
});

afterAll(async () => {
  await database.close();
});

test('a second table needs a definition and a migration, no code here', async () => {
  const row = (seq: number, kind: string, amount: number): LakeRow => ({
    ...{ source: 's', epoch: 1, seq, kind, tx_end: 1, rank: seq, rules_version: 1, accepted: 1 },
    ...{ key_hash: 'k', image_id: `i${amount}`, claim_no: 'C-1', amount, filed_at_ms: 5 },
  });
  const end = { ...row(2, 'E', 0), rules_version: 0, key_hash: '', image_id: '' };
  const update = [{ ...row(3, '-', 10), tx_end: 0 }, row(4, '+', 20)];
  for (const [batchId, rows] of Object.entries({ b1: update, b2: [row(1, '+', 10), end] })) {
    const object = { key: batchId, etag: 'e', bytes: 1, modifiedMs: 0 };
    const target = { token: 't', manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/c' };
    const batch = { dataset: claims, batchId, objects: [object] };
    await database.load(loadStatements(batch, target), rows);
  }
  const { rows } = await database.client.query(
    'SELECT claim_no, amount, filed_at_ms, copies, is_latest, event_seq FROM careplus.claim_state',
  );
  expect(rows).toEqual([
    { claim_no: 'C-1', amount: 20, filed_at_ms: '5', copies: '1', is_latest: 1, event_seq: '4' },
  ]);
});
