/**
 * Starts a foreign server or one of our daemons as a child that never outlives its parent.
 *
 *   const child = await startChild({ name: 'mariadb', command, args, runDir, logFile });
 *   await child.stop();
 *
 * Each child is a process group of its own (so that Ctrl-C reaches only the parent, which stops the
 * children in its order) and is started through `setpriv --pdeathsig`, so that the kernel signals it
 * when the parent ends in any way, SIGKILL included. The kernel ties that to the *thread* that
 * started the child: start children from the main thread. A pid file with the process's start time
 * lets the next start end a leftover without ever hitting a stranger who got the same pid.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { livingGroupMembers, readProcess } from './process-table.ts';
import type { SystemUser } from './state-folders.ts';

export interface ChildOptions {
  /** Names the pid file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Folder of the pid files. */
  readonly runDir: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Runs as this user; only root may. */
  readonly user?: SystemUser | undefined;
  /** The signal that asks it to end, by `stop()` and when the parent dies. Default SIGTERM. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** How long `stop()` waits before SIGKILL, in milliseconds. Default 10,000. */
  readonly graceMs?: number;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Asks it to end, kills its process group after the grace time. Resolves when it has ended. */
  stop(): Promise<ChildExit>;
  /** SIGKILL to the whole process group. */
  kill(): void;
}

interface PidFile {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
}

const DEFAULT_GRACE_MS = 10_000;
const POLL_MS = 25;

/**
 * Ends a leftover of the same name, then starts the child.
 * @throws {PipelineError} CFG_9003 if the program cannot be started at all.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  await endLeftover(options);
  mkdirSync(options.runDir, { recursive: true });
  mkdirSync(dirname(options.logFile), { recursive: true });
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const log = openSync(options.logFile, 'a');
  const child = spawn(
    'setpriv',
    [...boundToParent(stopSignal, options.user), options.command, ...options.args],
    {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', log, log],
      detached: true,
    },
  );
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  })
    .catch((cause: unknown) => {
      throw new PipelineError('CFG_9003', `${options.command} could not be started`, { cause });
    })
    .finally(() => closeSync(log));

  const pid = child.pid as number;
  const file = writePidFile(options.runDir, options.name, pid);

  let ended = false;
  const whenGone = exited.then(async (exit) => {
    ended = true;
    // What the leader left behind goes with it: its process group is still its own.
    await killAll(() => livingGroupMembers(pid));
    rmSync(file, { force: true });
    return exit;
  });
  const kill = () => {
    if (!ended) signalQuietly(-pid, 'SIGKILL');
  };
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited: whenGone,
    kill,
    async stop() {
      if (!ended) signalQuietly(pid, stopSignal);
      const timer = setTimeout(kill, options.graceMs ?? DEFAULT_GRACE_MS);
      return whenGone.finally(() => clearTimeout(timer));
    },
  };
}

/**
 * What stands before the command: gives up root's rights, asks the kernel for the signal, and starts
 * the command only if we still live, for our death before that request goes unnoticed.
 */
function boundToParent(signal: string, user: SystemUser | undefined): string[] {
  const identity =
    user === undefined
      ? []
      : ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups'];
  const onlyWithParent = ['sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', `${process.pid}`];
  return [...identity, '--pdeathsig', signal.replace('SIG', ''), '--', ...onlyWithParent];
}

/**
 * Ends what an earlier, killed start left running under this name: the process in the pid file, if
 * pid, start time and boot agree, and the rest of its process group.
 * @returns whether something was ended.
 */
export async function endLeftover(
  options: Pick<ChildOptions, 'runDir' | 'name' | 'stopSignal' | 'graceMs'>,
): Promise<boolean> {
  const file = join(options.runDir, `${options.name}.pid`);
  const known = readPidFile(file);
  if (known === undefined) return false;
  const found = leftoverPids(known);
  const leaderRuns = () => leftoverPids(known).includes(known.pid);
  if (leaderRuns()) signalQuietly(known.pid, options.stopSignal ?? 'SIGTERM');
  const killAt = Date.now() + (options.graceMs ?? DEFAULT_GRACE_MS);
  while (leaderRuns() && Date.now() < killAt) await delay(POLL_MS);
  await killAll(() => leftoverPids(known));
  rmSync(file, { force: true });
  return found.length > 0;
}

/** Notes a running process under a name; what {@link runningPid} finds again. @returns the file. */
export function writePidFile(runDir: string, name: string, pid: number): string {
  mkdirSync(runDir, { recursive: true });
  const file = join(runDir, `${name}.pid`);
  const started = readProcess(pid);
  if (started !== undefined) {
    const content: PidFile = { pid, startTicks: started.startTicks, bootId: bootId() };
    writeFileSync(file, `${JSON.stringify(content)}\n`);
  }
  return file;
}

/** @returns the pid that a start left in `runDir` under this name, if that very process still runs. */
export function runningPid(runDir: string, name: string): number | undefined {
  const known = readPidFile(join(runDir, `${name}.pid`));
  return known !== undefined && isSame(known) ? known.pid : undefined;
}

function leftoverPids(known: PidFile): number[] {
  if (known.bootId !== bootId()) return [];
  const leader = readProcess(known.pid);
  // A stranger with the leader's pid means that the whole group was gone before.
  if (leader !== undefined && leader.startTicks !== known.startTicks) return [];
  return livingGroupMembers(known.pid);
}

function isSame(known: PidFile): boolean {
  const now = readProcess(known.pid);
  return known.bootId === bootId() && now?.startTicks === known.startTicks && now.state !== 'Z';
}

function readPidFile(file: string): PidFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PidFile;
  } catch {
    // Absent, or cut short by a crash while it was written.
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** SIGKILL to all of them until none is left. */
async function killAll(pids: () => number[]): Promise<void> {
  for (let left = pids(); left.length > 0; left = pids()) {
    for (const pid of left) signalQuietly(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
