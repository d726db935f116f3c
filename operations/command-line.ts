import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { createContext, type CliContext } from './cli/context.ts';
import { exitCodes, reportUsage } from './cli/faults.ts';
import { createOutput, type OutputStreams } from './cli/output.ts';

interface VerbModule {
  register(program: Command, context: CliContext): void;
}

/** Where each verb is. They are loaded when they are named: some need much that others do not. */
const verbs: Readonly<Record<string, () => Promise<VerbModule>>> = {
  up: () => import('./verbs/up.ts'),
  down: () => import('./verbs/down.ts'),
  run: () => import('./verbs/run.ts'),
  wait: () => import('./verbs/wait.ts'),
  query: () => import('./verbs/query.ts'),
  verify: () => import('./verbs/verify.ts'),
  status: () => import('./verbs/status.ts'),
  quarantine: () => import('./verbs/quarantine.ts'),
  replay: () => import('./verbs/replay.ts'),
  snapshot: () => import('./verbs/snapshot.ts'),
  trace: () => import('./verbs/trace.ts'),
  doctor: () => import('./verbs/doctor.ts'),
  forget: () => import('./verbs/forget.ts'),
};

/**
 * Runs one command line to its end.
 *
 * @param args without the program's own name.
 * @returns the exit code: 0 good, 1 a bad result or a fault, 78 bad usage or configuration.
 */
export async function runCommandLine(
  args: readonly string[],
  streams: OutputStreams,
): Promise<number> {
  let exitCode: number = exitCodes.good;
  const context = createContext(streams, (code) => {
    exitCode = code;
  });
  const program = createProgram(streams);
  for (const verb of await loadVerbs(args)) verb.register(program, context);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for end with 0 as well.
    if (error.exitCode === 0) return exitCodes.good;
    return reportUsage(error.message, createOutput(streams, args.includes('--json')));
  }
  return exitCode;
}

function createProgram({ stdout, stderr }: OutputStreams): Command {
  return new Command('careplus')
    .description('CarePlus Streams: tickets and logs from their sources to live dashboards')
    .version(packageJson.version)
    .option('--json', 'JSON on stdout and nothing else: one document, or one object a line')
    .option('--config <file>', 'configuration; default CAREPLUS_CONFIG, then <state>/careplus.yaml')
    .option('--state <dir>', 'folder of the local stack’s state', '.careplus')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .exitOverride();
}

/** The verbs that a command line can mean: those that it names, or all for help and mistakes. */
async function loadVerbs(args: readonly string[]): Promise<Set<VerbModule>> {
  const named = Object.keys(verbs).filter((name) => args.includes(name));
  const loaded = new Set<VerbModule>();
  for (const name of named.length > 0 ? named : Object.keys(verbs)) {
    const load = verbs[name];
    if (load) loaded.add(await load());
  }
  return loaded;
}
