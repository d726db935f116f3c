#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { createContext, type CliContext } from './cli/context.ts';
import { exitCodes, reportUsage } from './cli/faults.ts';
import { createOutput } from './cli/output.ts';
import * as down from './verbs/down.ts';
import * as planned from './verbs/planned.ts';
import * as query from './verbs/query.ts';
import * as run from './verbs/run.ts';
import * as up from './verbs/up.ts';
import * as verify from './verbs/verify.ts';
import * as wait from './verbs/wait.ts';

const verbs: readonly { register(program: Command, context: CliContext): void }[] = [
  up,
  down,
  run,
  wait,
  query,
  verify,
  planned,
];

const LINGER_MS = 1_000;

/** Runs one command line to its end; the exit code is left in `process.exitCode`. */
async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`careplus query … | head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.good);
  });
  const program = new Command('careplus')
    .description('CarePlus Streams: tickets and logs from their sources to live dashboards')
    .version(packageJson.version)
    .option('--json', 'JSON on stdout and nothing else: one document, or one object a line')
    .option('--config <file>', 'configuration; default CAREPLUS_CONFIG, then <state>/careplus.yaml')
    .option('--state <dir>', 'folder of the local stack’s state', '.careplus')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride();
  const context = createContext(process);
  for (const verb of verbs) verb.register(program, context);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for end with 0 as well.
    process.exitCode =
      error.exitCode === 0
        ? exitCodes.good
        : reportUsage(error.message, createOutput(process, argv.includes('--json')));
  }
}

await main(process.argv);
// A connection attempt that cannot be cancelled must not hold the command: its result is out.
setTimeout(() => process.exit(), LINGER_MS).unref();
