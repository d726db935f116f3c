import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { logDatasets, unnamedLogFormat } from '../../schemas/datasets/registry.ts';

/**
 * Where the files of each log format are in a folder of logs: those of CarePlus' own in the folder
 * itself, those of another in a folder below it that has the format's name, if there is one.
 *
 * @returns by the name of the format, as `logs.files` of the configuration.
 */
export function logFoldersIn(folder: string): Record<string, { readonly directory: string }> {
  const below = ({ name }: LogDataset) => path.join(folder, name);
  const others = logDatasets.filter(
    (format) => format !== unnamedLogFormat && existsSync(below(format)),
  );
  return {
    [unnamedLogFormat.name]: { directory: folder },
    ...Object.fromEntries(others.map((format) => [format.name, { directory: below(format) }])),
  };
}
