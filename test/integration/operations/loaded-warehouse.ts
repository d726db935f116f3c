import type pg from 'pg';
import type { RawImage } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import type { LakeRow } from '../../../stream-processors/batch-processor.ts';
import { imageRows } from '../../../stream-processors/tables/image-rows.ts';

export const SOURCE = 'test.care.tickets';
export const EPOCH = 1_760_000_000;
export const COMMITTED_MS = 1_760_000_000_000;

/** One image as the loader would have taken it in. */
export interface LoadedImage {
  readonly kind: '+' | '-';
  readonly raw: RawImage;
  readonly gtid: string | null;
  /** Ends its source transaction; yes if left out. */
  readonly ends?: boolean;
}

/** Empties the ticket tables and fills them as a loader without faults would have. */
export async function loadImages(
  database: pg.Client,
  images: readonly LoadedImage[],
): Promise<void> {
  const history = images.flatMap(({ kind, raw, gtid, ends = true }, index) =>
    imageRows(
      supportTickets,
      {
        source: SOURCE,
        epoch: EPOCH,
        seq: index + 1,
        images: 1,
        op: kind === '+' ? 'c' : 'd',
        transactionEnd: ends,
      },
      { before: kind === '-' ? raw : null, after: kind === '+' ? raw : null },
      { partition: 0, offset: index, gtid, committedMs: COMMITTED_MS, readAtMs: 1 },
    ),
  );
  for (const table of ['ticket_changes', 'ticket_state', 'ticket_pending']) {
    await database.query(`DELETE FROM careplus.${table}`);
  }
  await database.query('DELETE FROM ops.ticket_frontier');
  await insertRows(database, 'careplus.ticket_changes', history);
  await insertRows(database, 'careplus.ticket_state', stateOf(history));
  await database.query(
    `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
     VALUES ('${SOURCE}', ${EPOCH}, ${history.length}, 1, 1, 1, ${COMMITTED_MS})`,
  );
}

export async function insertRows(
  database: pg.Client,
  table: string,
  rows: readonly object[],
): Promise<void> {
  await database.query(
    `INSERT INTO ${table} SELECT * FROM json_populate_recordset(CAST(NULL AS ${table}), $1)`,
    [JSON.stringify(rows)],
  );
}

/** What the signs of the history add up to. */
function stateOf(history: readonly LakeRow[]): object[] {
  const live = new Map<string, LakeRow & { copies: number; event_seq: number }>();
  for (const row of history) {
    const id = String(row['image_id']);
    const copies = (live.get(id)?.copies ?? 0) + (row['kind'] === '-' ? -1 : 1);
    if (copies === 0) live.delete(id);
    else live.set(id, { ...row, copies, event_seq: Number(row['seq']) });
  }
  const order = (row: LakeRow): string =>
    String(row['rank']).padStart(20, '0') + String(row['image_id']);
  return [...live.values()].map((row) => ({
    ...row,
    is_latest: [...live.values()].every(
      (other) => other['key_hash'] !== row['key_hash'] || order(other) <= order(row),
    )
      ? 1
      : 0,
  }));
}
