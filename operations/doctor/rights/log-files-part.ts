import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { shipperConfig } from '../../../log-shipper/config.ts';
import { discoverFiles } from '../../../log-shipper/file-discovery.ts';
import type { Config } from '../../../runtime/config/config-schema.ts';
import { errorText } from '../../../runtime/pipeline-error.ts';
import { errorCodes } from '../../../schemas/error-codes.ts';
import { bad, good, warning, type Part } from '../finding.ts';

/** The log files of this machine, as the shipper finds them: that this process may read them. */
export function logFilesPart(config: Config): Part {
  return {
    name: 'logs',
    async look() {
      const { files, problems } = discoverFiles(shipperConfig(config).sets);
      const cure = errorCodes.LOG_2001.remedy;
      const unreadable = await Promise.all(
        files.map(({ path }) =>
          access(path, constants.R_OK).then(
            () => [],
            (error: unknown) => [
              bad(`log-shipper may not read ${path}: ${errorText(error)}`, cure),
            ],
          ),
        ),
      );
      const findings = [
        ...problems.map(({ path, error }) => bad(`${path} cannot be read: ${error.message}`, cure)),
        ...unreadable.flat(),
      ];
      if (findings.length > 0) return findings;
      return files.length === 0
        ? [warning('no file has a name that `logs` names', 'Correct `logs` in the configuration.')]
        : [good(`log-shipper may read ${files.length} files`)];
    },
  };
}
