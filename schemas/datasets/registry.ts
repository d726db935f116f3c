import type { TableDataset } from './dataset.ts';
import { supportTickets } from './support-tickets/index.ts';

/** Every dataset that comes from a table. A new table is one folder beside this file and one line here. */
export const tableDatasets: readonly TableDataset[] = [supportTickets];

/** @returns the dataset of that name, or undefined. */
export function findTableDataset(name: string): TableDataset | undefined {
  return tableDatasets.find((dataset) => dataset.name === name || dataset.shortName === name);
}
