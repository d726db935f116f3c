import type { Command } from 'commander';

/** Adds examples to a verb's help: command line and what it is for. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [commandLine: string, purpose: string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `  $ ${line.padEnd(width)}  ${purpose}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
