import type { TableDataset } from './dataset.ts';
import type { LogDataset } from './log-dataset.ts';

export type AnyDataset = TableDataset | LogDataset;

/** Whether a dataset's rows are images of a table's rows rather than ranges of log files. */
export function isTableDataset(dataset: AnyDataset): dataset is TableDataset {
  return 'mapping' in dataset;
}
