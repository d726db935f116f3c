import type { Command } from 'commander';
import type { CliContext } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { notYet } from '../cli/not-yet.ts';

/** Verbs that have their name and their promise, but nothing behind them yet. */
const planned = [['forget', '<ticket-id>', 'erase a deleted ticket’s personal data']] as const;

export function register(program: Command, context: CliContext): void {
  for (const [name, args, description] of planned) {
    const command = program
      .command(`${name} ${args}`.trim())
      .description(`${description} (not yet)`)
      .action(context.action(async ({ output }) => notYet(name, output)));
    addExamples(command, [[`careplus ${name} ${args}`.trim(), description]]);
  }
}
