import type { Command } from 'commander';
import type { CliContext } from '../cli/context.ts';
import { notYet } from '../cli/not-yet.ts';

export function register(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('start the local stack and all daemons')
    .action(context.action(async ({ output }) => notYet('up', output)));
}
