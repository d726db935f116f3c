import path from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { endLeftovers } from '../local-run/leftovers.ts';
import { stopSupervisor } from '../local-run/supervisor.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('down')
    .description('stop the local stack and all daemons; the state stays')
    .action(
      context.action(async ({ output, stateDir }) => {
        const folder = path.resolve(stateDir);
        const stopped = await stopSupervisor(folder);
        const leftovers = await endLeftovers(folder);
        output.document({ stopped, leftovers });
        output.text(stopped || leftovers.length > 0 ? 'stopped' : 'nothing was running');
        return exitCodes.good;
      }),
    );
  addExamples(command, [['careplus down', 'stop what `up --keep-running` left running']]);
}
