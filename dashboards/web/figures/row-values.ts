import { PipelineError } from '../../../runtime/pipeline-error.ts';
import type { WarehouseRow } from './warehouse.ts';

export function textOf(row: WarehouseRow, column: string): string | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  return String(value);
}

/**
 * A whole number; the Data API gives BIGINT as a number and DECIMAL as text.
 *
 * @throws {PipelineError} WH_5001 when it is none.
 */
export function countOf(row: WarehouseRow, column: string): number | null {
  const value = row[column];
  if (value === null) return null;
  const count = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count)) {
    throw new PipelineError('WH_5001', `${column}: not a whole number: ${String(value)}`);
  }
  return count;
}

/** @throws {PipelineError} WH_5001 when there is not exactly one row. */
export function onlyRow(rows: readonly WarehouseRow[], what: string): WarehouseRow {
  const [row, ...others] = rows;
  if (row === undefined || others.length > 0) {
    throw new PipelineError('WH_5001', `${what}: ${rows.length} rows where one was asked for`);
  }
  return row;
}
