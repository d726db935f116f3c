import { tableStreams } from '../../cdc-reader/config.ts';
import { checkSource } from '../../cdc-reader/source-check.ts';
import { openSource, type SourceConnection } from '../../cdc-reader/source-connection.ts';
import { sourceError } from '../../cdc-reader/source-errors.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { sourceLogin } from '../../runtime/mysql/source-login.ts';
import { bad, good, warning, type Part } from './finding.ts';
import { isThisMachine } from './this-machine.ts';

/** Clocks that differ more make a lag look longer, or negative. */
const CLOCK_MS = 2_000;

/** The source, by the same checks as the reader's at its start. */
export function sourcePart(config: Config): Part {
  const { source } = config;
  return {
    name: 'source',
    async look(signal) {
      const findings = [];
      try {
        await using connection = await openSource(sourceLogin(source), signal);
        const way = source.ssl === false ? 'without TLS' : 'by TLS';
        findings.push(good(`${connection.flavour} ${connection.version} answers ${way}`));
        findings.push(...(await clockFindings(connection)));
        for (const table of tableStreams(config)) {
          const problems = await checkSource(connection, table);
          const name = `${table.database}.${table.table}`;
          findings.push(
            ...problems.map(({ severity, found, cure }) => ({ severity, found, cure })),
            ...(problems.some(({ severity }) => severity === 'error')
              ? []
              : [good(`${name} can be captured`)]),
          );
        }
      } catch (error) {
        throw sourceError(error, source.name);
      }
      if (source.ssl === false && !isThisMachine(source.host)) {
        findings.push(
          warning(`the way to ${source.host} is not encrypted`, 'Set `source.ssl: true`.'),
        );
      }
      return findings;
    },
  };
}

async function clockFindings(connection: SourceConnection) {
  const before = Date.now();
  const [row] = await connection.query('SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS INT) AS now');
  const off = Number(row?.['now']) - (before + Date.now()) / 2;
  if (Math.abs(off) <= CLOCK_MS) return [];
  const cure = 'Keep both machines’ clocks by NTP: the shown lag is off by that much.';
  return [bad(`the source’s clock differs from this one by ${Math.round(off / 1000)} s`, cure)];
}
