import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { configFile, pageUrl, writeConfigFile, writeEnvFile } from '../../infra/local/config-file.ts';
import { keepTicketsLiving, loadFeed } from '../../infra/local/feed.ts';
import { checkPortsFree, readPortBase, stackPorts, type StackPorts } from '../../infra/local/ports.ts';
import { startDaemons, startServers, type Servers } from '../../infra/local/stack.ts';
import {
  describeFeed,
  readState,
  sameFeed,
  writeState,
  type Feed,
  type LocalState,
} from '../../infra/local/state-file.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { VerbCall } from '../cli/context.ts';
import { exitCodes } from '../cli/faults.ts';
import { closeTheBooks } from './close-the-books.ts';
import { endLeftovers } from './leftovers.ts';
import type { RunOutput } from './run-output.ts';
import { becomeSupervisor } from './supervisor.ts';

/** What a person asked of `up`. */
export interface UpRequest {
  /** Absolute path of a dump, if one was named. */
  readonly tickets: string | undefined;
  readonly empty: boolean;
  readonly untilIdle: boolean;
  readonly keepRunning: boolean;
  readonly stateDir: string;
}

const GENERATED_SEED = 20250701;

/** Daemons in the order of their start: sinks before sources. */
const daemons = ['warehouse-loader', 'ticket-processor', 'cdc-reader'] as const;

/**
 * Holds the stack up in this process: starts everything, loads the feed once, and either closes
 * the books (`--until-idle`) or stays until the signal aborts. Nothing is left running after it.
 */
export async function runInForeground(
  request: UpRequest,
  call: Pick<VerbCall, 'signal'>,
  output: RunOutput,
): Promise<number> {
  const { stateDir, untilIdle, keepRunning } = request;
  const state = await openState(request);
  output.note(`state folder ${stateDir}, feed: ${describeFeed(state.feed)}`);
  await endLeftovers(stateDir);
  const ports = stackPorts(readPortBase(process.env));
  await checkPortsFree(portsToCheck(ports));
  const release = becomeSupervisor(stateDir);
  const finished = new AbortController();
  const signal = AbortSignal.any([call.signal, finished.signal, parentGone()]);
  const report = (line: string) => output.note(line);
  let exitCode: number = exitCodes.good;
  try {
    await using servers = disposable(await startServers({ stateDir, ports, report, signal }));
    const loaded = await feedOnce(servers, state, { stateDir, output, signal });
    const addresses = { stateDir, ports, ...servers, database: loaded.database };
    writeConfigFile(addresses);
    writeEnvFile(addresses);
    await using _daemons = disposable(
      await startDaemons({
        stateDir,
        ports,
        report,
        signal,
        configFile: configFile(stateDir),
        command: [process.execPath, path.join(import.meta.dirname, '..', 'careplus.ts'), 'run'],
        daemons: [
          { name: 'dashboard', readyUrl: `${pageUrl(ports)}/` },
          ...daemons.map((name) => ({
            name,
            readyUrl: `http://127.0.0.1:${ports.health[name]}/healthz`,
          })),
        ],
        onFinished: (name, code) => {
          if (signal.aborted) return;
          output.note(`${name} ended for good (exit code ${String(code)}); see logs/${name}.log`);
          exitCode = exitCodes.bad;
          finished.abort();
        },
      }),
    );
    output.text(`the page is at ${pageUrl(ports)}`);
    if (untilIdle) {
      exitCode = await closeTheBooks(loadConfig(configFile(stateDir)), { output, signal });
    }
    output.done(exitCode);
    if (!untilIdle || keepRunning) {
      if (state.feed.kind === 'generated') {
        void keepTicketsLiving({ ...servers.mariadb, database: loaded.database, signal }).catch(
          (error: unknown) => output.note(`generated tickets stopped: ${errorText(error)}`),
        );
      }
      await aborted(signal);
    }
    output.note('stopping');
  } catch (error) {
    if (!call.signal.aborted) throw error;
  } finally {
    release();
  }
  return exitCode;
}

/** The remembered state, or a new one; another feed than the remembered one is refused. */
async function openState(request: UpRequest): Promise<LocalState> {
  const asked = await askedFeed(request);
  const known = readState(request.stateDir);
  if (known === undefined) {
    const feed = asked ?? { kind: 'generated', seed: GENERATED_SEED };
    const state: LocalState = { version: 1, feed, loaded: 'no', database: null };
    writeState(request.stateDir, state);
    return state;
  }
  checkFeed(known, asked, request.stateDir);
  return known;
}

/** @throws {PipelineError} CFG_9005 when another feed is asked for than the folder remembers. */
export function checkFeed(known: LocalState, asked: Feed | undefined, stateDir: string): void {
  if (asked === undefined || sameFeed(known.feed, asked)) return;
  throw new PipelineError(
    'CFG_9005',
    `${stateDir} holds ${describeFeed(known.feed)}, not ${describeFeed(asked)}; ` +
      '--fresh forgets it, --state DIR keeps both',
  );
}

/** The feed that was named on the command line, if one was. */
export async function askedFeed(
  request: Pick<UpRequest, 'tickets' | 'empty'>,
): Promise<Feed | undefined> {
  if (request.empty) return { kind: 'empty' };
  if (request.tickets === undefined) return undefined;
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(request.tickets), hash);
  } catch (cause) {
    throw new PipelineError('CFG_9007', `${request.tickets}: ${errorText(cause)}`, { cause });
  }
  return { kind: 'dump', file: request.tickets, sha256: hash.digest('hex') };
}

/** Loads the feed into the source the first time; a load that was broken off is done anew. */
async function feedOnce(
  servers: Servers,
  state: LocalState,
  run: { readonly stateDir: string; readonly output: RunOutput; readonly signal: AbortSignal },
): Promise<{ readonly database: string }> {
  if (state.loaded === 'yes' && state.database !== null) return { database: state.database };
  writeState(run.stateDir, { ...state, loaded: 'loading' });
  const { database, rows } = await loadFeed({
    feed: state.feed,
    mariadb: servers.mariadb,
    again: state.loaded === 'loading',
    signal: run.signal,
  });
  run.output.note(`loaded ${describeFeed(state.feed)}: ${rows} rows in ${database}.support_tickets`);
  writeState(run.stateDir, { ...state, loaded: 'yes', database });
  return { database };
}

function portsToCheck({ health, ...ports }: StackPorts): Record<string, number> {
  return { ...ports, ...Object.fromEntries(daemons.map((name) => [name, health[name]])) };
}

const PARENT_POLL_MS = 1_000;

/** Under npm this process must not outlive npm, which may be killed without a word to its children. */
function parentGone(): AbortSignal {
  const gone = new AbortController();
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === 'start' && process.send === undefined) {
    setInterval(() => {
      if (process.ppid !== parent) gone.abort();
    }, PARENT_POLL_MS).unref();
  }
  return gone.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function disposable<T extends { stop(): Promise<unknown> }>(part: T): T & AsyncDisposable {
  return Object.assign(part, {
    [Symbol.asyncDispose]: async () => {
      await part.stop();
    },
  });
}
