import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { Config } from '../../runtime/config/config-schema.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Identity } from '../../schemas/daemon-rights.ts';
import { reportFault } from './faults.ts';
import { placeLocalCredentials } from './local-credentials.ts';
import { createOutput, type Output, type OutputStreams } from './output.ts';

/** One call of a verb, as its action sees it. */
export interface VerbCall {
  /** The verb's arguments, in order; optional ones that were not given are left out. */
  readonly args: readonly string[];
  /** The verb's own options, by commander's names. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly output: Output;
  /** Folder of the local stack's state (`--state`). */
  readonly stateDir: string;
  /** `--config`, else CAREPLUS_CONFIG, else `careplus.yaml` in the state folder. */
  readonly configFile: string;
  /** Aborts at the first SIGINT or SIGTERM (a second one ends the process). Asking for it takes the signals over. */
  readonly signal: AbortSignal;
  /**
   * Reads {@link VerbCall.configFile}; for a local AWS endpoint it also sees to credentials: those
   * of one-off work, or of the daemon that is named.
   * @throws {PipelineError} CFG_9001.
   */
  loadConfig(identity?: Identity): Config;
}

/** What every verb is registered with. */
export interface CliContext {
  /**
   * Makes a commander action of a verb: what it throws is told with code and remedy, and what it
   * returns becomes the exit code.
   */
  action(run: (call: VerbCall) => Promise<number>): (...parameters: unknown[]) => Promise<void>;
}

interface GlobalOptions {
  readonly json?: boolean;
  readonly config?: string;
  readonly state: string;
}

/** @param setExitCode is told the exit code of the verb that ran. */
export function createContext(
  streams: OutputStreams,
  setExitCode: (code: number) => void,
): CliContext {
  return {
    action:
      (run) =>
      async (...parameters) => {
        const command = parameters.at(-1);
        if (!(command instanceof Command)) throw new TypeError('not called by commander');
        const globals = command.optsWithGlobals<GlobalOptions>();
        const output = createOutput(streams, globals.json === true);
        const configFile = configPath(globals);
        let signal: AbortSignal | undefined;
        try {
          const code = await run({
            args: command.processedArgs.filter((value) => typeof value === 'string'),
            options: command.opts(),
            output,
            stateDir: globals.state,
            configFile,
            get signal() {
              return (signal ??= takeSignals());
            },
            loadConfig(identity) {
              requireStarted(globals);
              const config = loadConfig(configFile);
              placeLocalCredentials(config.aws, identity);
              return config;
            },
          });
          setExitCode(code);
        } catch (error) {
          setExitCode(reportFault(error, output));
        }
      },
  };
}

function configPath(globals: GlobalOptions): string {
  return namedConfig(globals) ?? configOfStack(globals.state);
}

function configOfStack(state: string): string {
  return path.join(state, 'careplus.yaml');
}

function namedConfig({ config }: GlobalOptions): string | undefined {
  const named = config ?? process.env['CAREPLUS_CONFIG'];
  return named === '' ? undefined : named;
}

/** @throws {PipelineError} CFG_9011 where neither a stack nor a file says what is meant. */
function requireStarted(globals: GlobalOptions): void {
  const { state } = globals;
  if (namedConfig(globals) !== undefined || existsSync(configOfStack(state))) return;
  const folder = path.resolve(state);
  throw new PipelineError('CFG_9011', `no stack was ever started in ${folder}`);
}

function takeSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error(`interrupted by ${name}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}
