import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runningPid, writePidFile } from '../../infra/local/child-process.ts';
import { readProcess } from '../../infra/local/process-table.ts';

const NAME = 'supervisor';

const runDir = (stateDir: string) => path.join(stateDir, 'run');

/** @returns the pid of the process that holds this state folder's stack up, if one does. */
export function supervisorPid(stateDir: string): number | undefined {
  return runningPid(runDir(stateDir), NAME);
}

/** Notes this process as the one that holds the stack up. @returns a function that takes it back. */
export function becomeSupervisor(stateDir: string): () => void {
  const file = writePidFile(runDir(stateDir), NAME, process.pid);
  return () => rmSync(file, { force: true });
}

/** Asks the running stack to end and resolves when it has. @returns whether one was running. */
export async function stopSupervisor(stateDir: string): Promise<boolean> {
  const pid = supervisorPid(stateDir);
  if (pid === undefined) return false;
  const started = readProcess(pid)?.startTicks;
  process.kill(pid, 'SIGTERM');
  // The process itself, not its pid file: it takes that back a moment before it ends.
  while (isRunning(pid, started)) await delay(50);
  return true;
}

function isRunning(pid: number, startTicks: string | undefined): boolean {
  const found = readProcess(pid);
  return found !== undefined && found.startTicks === startTicks && found.state !== 'Z';
}
