import { existsSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { runInBackground } from '../local-run/background.ts';
import { removeState } from '../../infra/local/state-folders.ts';
import { endLeftovers } from '../local-run/leftovers.ts';
import { runInForeground } from '../local-run/foreground.ts';
import { joinRunningStack } from '../local-run/join.ts';
import { createRunOutput } from '../local-run/run-output.ts';
import { supervisorPid } from '../local-run/supervisor.ts';

interface UpOptions {
  readonly tickets?: string;
  readonly logs?: string;
  readonly empty?: boolean;
  readonly fresh?: boolean;
  readonly untilIdle?: boolean;
  readonly keepRunning?: boolean;
  readonly supervised?: boolean;
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('up')
    .description('start the local stack and all daemons, feed it, and show the page')
    .option('--tickets <file.sql>', 'a MySQL dump that holds the table support_tickets')
    .option(
      '--logs <dir>',
      'a folder of server logs, in it a folder for each other format; tailed in place, never written to',
    )
    .option('--empty', 'begin with an empty table and without logs')
    .option('--fresh', 'forget the state of earlier starts first')
    .option('--until-idle', 'wait until everything has arrived, verify, print the books, and end')
    .option('--keep-running', 'leave everything up in the background (`careplus down` ends it)')
    .addOption(new Option('--supervised').hideHelp())
    .action(context.action((call) => up(call)));
  addExamples(command, [
    ['npm start', 'generated tickets and logs that keep living'],
    ['npm start -- --tickets dump.sql --logs DIR', 'your own tickets and server logs'],
    ['npm start -- --tickets dump.sql --until-idle', 'carry a dump through and check the books'],
    ['npm start -- --tickets dump.sql --keep-running', 'the same, and stay up in the background'],
    ['npm start -- --fresh', 'forget what was loaded before'],
  ]);
}

async function up(call: VerbCall): Promise<number> {
  const options: UpOptions = call.options;
  if (!existsSync(path.join(import.meta.dirname, '../../infra/local/aws-endpoint/main.ts'))) {
    throw new PipelineError(
      'CFG_9003',
      'the local stack is not among the packaged programs: clone the project, then npm start in the checkout',
    );
  }
  for (const name of ['tickets', 'logs'] as const) {
    if (options[name] !== undefined && options.empty === true) {
      throw new PipelineError('CFG_9001', `--${name} and --empty exclude each other`);
    }
  }
  const stateDir = path.resolve(call.stateDir);
  const request = {
    tickets: fromWhereThePersonStands(options.tickets),
    logs: fromWhereThePersonStands(options.logs),
    empty: options.empty ?? false,
    untilIdle: options.untilIdle ?? false,
    keepRunning: options.keepRunning ?? false,
    stateDir,
  };
  if (options.supervised !== true) {
    const running = supervisorPid(stateDir) !== undefined;
    if (options.fresh === true) {
      if (running)
        throw new PipelineError('CFG_9005', `a stack is up in ${stateDir}: first careplus down`);
      await endLeftovers(stateDir);
      removeState(stateDir);
    }
    if (running) return joinRunningStack(request, call);
    if (request.keepRunning) return runInBackground(process.argv.slice(1), stateDir, call);
  }
  return runInForeground(request, call, createRunOutput(call.output));
}

/** npm runs scripts in the package's folder; a path is meant from where the person stands. */
function fromWhereThePersonStands(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(process.env['INIT_CWD'] ?? '.', file);
}
