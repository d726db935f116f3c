import path from 'node:path';
import {
  configFile,
  pageUrl,
  writeConfigFile,
  writeEnvFile,
} from '../../infra/local/config-file.ts';
import {
  checkDiskSpace,
  RESTART_BYTES,
  START_BYTES,
  watchDiskSpace,
} from '../../infra/local/disk-space.ts';
import { keepFeedLiving } from '../../infra/local/feed.ts';
import {
  checkPortsFree,
  readPortBase,
  stackPorts,
  type StackPorts,
} from '../../infra/local/ports.ts';
import { startDaemons, startServers } from '../../infra/local/stack.ts';
import { describeFeed, logFolder } from '../../infra/local/state-file.ts';
import { loadConfig } from '../../runtime/config/load-config.ts';
import { errorText } from '../../runtime/pipeline-error.ts';
import type { VerbCall } from '../cli/context.ts';
import { exitCodes } from '../cli/faults.ts';
import { placeLocalCredentials } from '../cli/local-credentials.ts';
import { closeTheBooks } from './close-the-books.ts';
import { feedOnce, openState, type FeedRequest } from './feed-state.ts';
import { endLeftovers } from './leftovers.ts';
import type { RunOutput } from './run-output.ts';
import { becomeSupervisor } from './supervisor.ts';

/** How often the books are closed while the stack is up; the page shows the last result. */
const VERIFY_EVERY = '1h';

/** What a person asked of `up`. */
export interface UpRequest extends FeedRequest {
  readonly untilIdle: boolean;
  readonly keepRunning: boolean;
}

/** Daemons in the order of their start: sinks before sources. */
const daemons = [
  'warehouse-loader',
  'ticket-processor',
  'log-processor',
  'archiver',
  'cdc-reader',
  'log-shipper',
] as const;

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
  const left = await endLeftovers(stateDir);
  if (left.length > 0) output.note(`ended what an earlier start left running: ${left.join(', ')}`);
  await checkDiskSpace(stateDir, state.loaded === 'yes' ? RESTART_BYTES : START_BYTES);
  const ports = stackPorts(readPortBase(process.env));
  await checkPortsFree(portsToCheck(ports));
  const release = becomeSupervisor(stateDir);
  const finished = new AbortController();
  const signal = AbortSignal.any([call.signal, finished.signal, parentGone()]);
  const report = (line: string) => output.note(line);
  let exitCode: number = exitCodes.good;
  /** From then on a daemon that ends was asked to: what broke the run off must not be hidden by it. */
  let stopping = false;
  try {
    await using parts = new AsyncDisposableStack();
    const servers = await startServers({ stateDir, ports, report, signal });
    parts.defer(() => servers.stop());
    void watchDiskSpace(stateDir, { report, signal });
    const loaded = await feedOnce(servers, state, { stateDir, output, signal });
    const { database, datasets } = loaded;
    const logsDir = logFolder(stateDir, state.feed);
    const addresses = { stateDir, ports, ...servers, database, datasets, logsDir };
    writeConfigFile(addresses);
    writeEnvFile(addresses);
    const running = await startDaemons({
      stateDir,
      ports,
      report,
      signal,
      configFile: configFile(stateDir),
      command: [process.execPath, path.join(import.meta.dirname, '..', 'careplus.ts')],
      aside: untilIdle && !keepRunning ? {} : { verifier: ['verify', '--every', VERIFY_EVERY] },
      daemons: [
        { name: 'dashboard', readyUrl: `${pageUrl(ports)}/` },
        ...daemons.map((name) => ({
          name,
          readyUrl: `http://127.0.0.1:${ports.health[name]}/healthz`,
        })),
      ],
      onFinished: (name, code) => {
        if (stopping || signal.aborted) return;
        output.note(`${name} ended for good (exit code ${String(code)}); see logs/${name}.log`);
        exitCode = exitCodes.bad;
        finished.abort();
      },
    });
    parts.defer(() => {
      stopping = true;
      return running.stop();
    });
    output.text(`the page is at ${pageUrl(ports)}`);
    if (!untilIdle) output.document({ page: pageUrl(ports), state: stateDir });
    else {
      const config = loadConfig(configFile(stateDir));
      placeLocalCredentials(config.aws);
      exitCode = await closeTheBooks(config, { output, signal, stateDir });
    }
    output.done(exitCode);
    if (!untilIdle || keepRunning) {
      if (state.feed.tickets.kind === 'generated' && state.feed.logs.kind === 'generated') {
        const living = { server: servers.mariadb, database, logFolder: logsDir, signal };
        void keepFeedLiving(living).catch((error: unknown) => {
          if (!signal.aborted) output.note(`generated data stopped: ${errorText(error)}`);
        });
      }
      await aborted(signal);
    }
    output.note('stopping');
    finished.abort();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    release();
  }
  return exitCode;
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
