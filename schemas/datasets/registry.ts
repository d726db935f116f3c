import { topics, type Topic } from '../topics.ts';
import type { AnyDataset } from './any-dataset.ts';
import type { TableDataset } from './dataset.ts';
import type { LakeDataset } from './lake-dataset.ts';
import type { LogDataset } from './log-dataset.ts';
import * as logFormats from './log-formats.ts';
import { supportLogs } from './support-logs/index.ts';
import * as tables from './tables.ts';

/** Modules do not say in which order they export. */
function byName<D extends LakeDataset>(datasets: readonly D[]): readonly D[] {
  return [...datasets].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every dataset that comes from a table. */
export const tableDatasets: readonly TableDataset[] = byName(Object.values(tables));

/** Every dataset that comes from log files. */
export const logDatasets: readonly LogDataset[] = byName(Object.values(logFormats));

/**
 * The format of log files for which neither configuration nor checkpoint names one: those of
 * before there were several.
 */
export const unnamedLogFormat: LogDataset = supportLogs;

/** Every dataset, wherever it comes from. */
export const allDatasets: readonly AnyDataset[] = [...tableDatasets, ...logDatasets];

/** Every topic: the local stack and the CDK app both create from here. */
export const allTopics: readonly Topic[] = [
  ...allDatasets.map(({ topic }) => topic),
  ...Object.values(topics),
];

/** @returns the dataset of that name, short or long, or undefined. */
export function findDataset(name: string): AnyDataset | undefined {
  return allDatasets.find((dataset) => dataset.name === name || dataset.shortName === name);
}

/** @returns the log format of that name, or undefined. */
export function findLogDataset(name: string): LogDataset | undefined {
  return logDatasets.find((dataset) => dataset.name === name);
}

/** @returns the table's dataset of that name, or undefined. */
export function findTableDataset(name: string): TableDataset | undefined {
  return tableDatasets.find((dataset) => dataset.name === name || dataset.shortName === name);
}
