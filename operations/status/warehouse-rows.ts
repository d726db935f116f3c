import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { EpochProgress, FileProgress } from './readings.ts';

/** Reads a row of the loader's progress query of a table. */
export function epochProgress(row: WarehouseRow): EpochProgress {
  return {
    source: String(row['source']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    shown: Number(row['shown']) === 1,
    committedMs: Number(row['committed_ms']),
    waiting: Number(row['waiting']),
  };
}

/** Reads a row of the loader's progress query of a log. */
export function fileProgress(row: WarehouseRow): FileProgress {
  return {
    host: String(row['host']),
    generation: String(row['generation']),
    generationStart: Number(row['generation_start']),
    upto: Number(row['upto']),
    readAtMs: Number(row['read_at_ms']),
    waiting: Number(row['waiting']),
    unreadable: Number(row['unreadable']),
  };
}

/** What is set aside, by reason. */
export const quarantineSql =
  'SELECT dataset, reasons, COUNT(*) AS amount FROM careplus.quarantine ' +
  'GROUP BY dataset, reasons ORDER BY dataset, amount DESC, reasons';

export function quarantineRow(row: WarehouseRow) {
  return {
    dataset: String(row['dataset']),
    reasons: String(row['reasons']),
    count: Number(row['amount']),
  };
}

/** The last verification of each dataset. */
export const verificationsSql =
  'SELECT q.dataset, q.ok, q.verified_at FROM (SELECT dataset, ok, verified_at, ' +
  'ROW_NUMBER() OVER (PARTITION BY dataset ORDER BY verified_at DESC) AS rn ' +
  'FROM ops.verifications) q WHERE q.rn = 1 ORDER BY q.dataset';

export function verificationRow(row: WarehouseRow) {
  return {
    dataset: String(row['dataset']),
    ok: Number(row['ok']) === 1,
    verifiedAt: String(row['verified_at']),
  };
}
