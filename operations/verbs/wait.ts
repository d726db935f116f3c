import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { parseDuration } from '../cli/duration.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes, reportUsage } from '../cli/faults.ts';
import type { Hop } from '../verify/coverage.ts';
import { waitUntilIdle } from '../verify/verification.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('wait')
    .description('return when everything committed before the call is in the warehouse')
    .option('--idle', 'wait for the position that the source has now (the only thing to wait for)')
    .option('--timeout <duration>', 'give up after this time', parseDuration, 120_000)
    .action(context.action(wait));
  addExamples(command, [
    ['careplus wait --idle', 'before looking at figures in a script'],
    ['careplus wait --idle --timeout 10m --json', 'what was reached, or which hop lags'],
  ]);
}

/** What a person reads of the hop that lags. */
export const hopNames: Readonly<Record<Hop, string>> = {
  'cdc-reader': 'the cdc-reader has not brought it to the topic',
  'log-shipper': 'the log-shipper has not brought it to the topic',
  processor: 'its processor has not taken it from the topic',
  delivery: 'Firehose has not delivered it or the warehouse-loader has not loaded it',
  hole: 'numbers are missing: the warehouse-loader waits for them',
};

async function wait(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  if (options['idle'] !== true) {
    output.note('error: say what to wait for: careplus wait --idle');
    return reportUsage('say what to wait for: --idle', output);
  }
  const timeoutMs = Number(options['timeout']);
  const config = call.loadConfig();
  using warehouse = connectWarehouse(config);
  const note = (line: string) => output.note(line);
  const startedAt = performance.now();
  const { gtid, datasets } = await waitUntilIdle(config, {
    api: warehouse.api,
    timeoutMs,
    signal,
    note,
  });
  const waitedMs = Math.round(performance.now() - startedAt);
  const ok = datasets.every(({ late }) => late === undefined);
  output.document({
    ok,
    gtid,
    waited_ms: waitedMs,
    datasets: datasets.map(({ dataset, source, late, place }) =>
      late === undefined
        ? { dataset, source, ok: true, ...place }
        : { dataset, source, ok: false, lagging: late.hop, wanted: late.wanted, found: late.found },
    ),
  });
  for (const { dataset, late, reached } of datasets) {
    output.text(
      late === undefined
        ? `${dataset}: idle after ${waitedMs} ms, ${reached}`
        : `${dataset}: not there after ${timeoutMs / 1000} s: ${hopNames[late.hop]} ` +
            `(wanted ${late.wanted}, found ${late.found})`,
    );
  }
  return ok ? exitCodes.good : exitCodes.bad;
}
