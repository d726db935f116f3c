import type { TableDataset } from './dataset.ts';
import type { LogDataset } from './log-dataset.ts';
import { supportLogs } from './support-logs/index.ts';
import { supportTickets } from './support-tickets/index.ts';

/** Every dataset that comes from a table. A new table is one folder beside this file and one line here. */
export const tableDatasets: readonly TableDataset[] = [supportTickets];

/** Every dataset that comes from log files. */
export const logDatasets: readonly LogDataset[] = [supportLogs];

/** @returns the dataset of that name, or undefined. */
export function findTableDataset(name: string): TableDataset | undefined {
  return tableDatasets.find((dataset) => dataset.name === name || dataset.shortName === name);
}
