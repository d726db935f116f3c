import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { assessStatus } from '../status/assessment.ts';
import { readStatus } from '../status/read-status.ts';
import { statusLines } from '../status/screen.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

/** How long a hop may take to answer. */
const ANSWER_MS = 8_000;

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description('each hop: position, lag, freshness, holes, quarantine, retention headroom')
    .action(context.action(status));
  addExamples(command, [
    ['careplus status', 'one screen; exit code 1 when something is wrong, which it names'],
    ['careplus status --json', 'the same for programs'],
  ]);
}

async function status(call: VerbCall): Promise<number> {
  const { output, signal } = call;
  const config = call.loadConfig();
  using warehouse = connectWarehouse(config);
  const { api } = warehouse;
  const result = assessStatus(await readStatus(config, { api, signal, answerMs: ANSWER_MS }));
  output.document(result);
  for (const line of statusLines(result)) output.text(line);
  return result.ok ? exitCodes.good : exitCodes.bad;
}
