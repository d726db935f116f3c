/** Looks at other processes through /proc. A zombie counts as dead: where PID 1 does not reap, orphans stay. */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessInfo {
  /** One letter of proc(5); `Z` is a process that has ended and waits to be reaped. */
  readonly state: string;
  readonly parentPid: number;
  readonly groupId: number;
  /** Clock ticks since boot; with the pid it names one process. */
  readonly startTicks: string;
}

/** @returns the process, or undefined if there is none with that pid. */
export function readProcess(pid: number): ProcessInfo | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, the command's name in brackets, may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '', group = ''] = fields;
  return {
    state,
    parentPid: Number(parent),
    groupId: Number(group),
    startTicks: fields[19] ?? '',
  };
}

/** @returns the pids of all processes that can be seen. */
export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** @returns the pids of a process group's members that have not ended, its leader included. */
export function livingGroupMembers(groupId: number): number[] {
  return listPids().filter((pid) => {
    const info = readProcess(pid);
    return info?.groupId === groupId && info.state !== 'Z';
  });
}
