import { hostname } from 'node:os';
import path from 'node:path';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { findLogDataset, unnamedLogFormat } from '../../schemas/datasets/registry.ts';
import { PipelineError } from '../pipeline-error.ts';
import type { Config } from './config-schema.ts';

/** The files of one log format. */
export interface LogFileSet {
  readonly dataset: LogDataset;
  /** Paths with `*` and `?`. */
  readonly patterns: readonly string[];
}

/** The log files of a machine. */
export interface LogHost {
  readonly host: string;
  /** In the order of the configuration: a file belongs to the first set that names it. */
  readonly sets: readonly LogFileSet[];
}

/** @throws {PipelineError} CFG_9001 for a log format that is none. */
export function logHostOf({ host = hostname(), ...logs }: NonNullable<Config['logs']>): LogHost {
  const { files = { [unnamedLogFormat.name]: logs } } = logs;
  const sets = Object.entries(files).map(([name, { directory, include, paths = [] }]) => {
    const dataset = findLogDataset(name);
    if (!dataset) throw new PipelineError('CFG_9001', `logs.files.${name}: no such log format`);
    const patterns = directory === undefined ? paths : [path.join(directory, include)];
    return { dataset, patterns };
  });
  return { host, sets };
}
