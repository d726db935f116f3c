import { readFileSync } from 'node:fs';

/** Processor time that a process has taken so far, all its threads together (proc(5), "stat"). */
export function cpuSeconds(pid: number): number {
  const [, afterName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = afterName.split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The same of a server that has a process for each of its sessions: ended ones, living ones and its own. */
export function serverCpuSeconds(session: number): number {
  const fieldsOf = (pid: string | number): string[] =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const server = Number(fieldsOf(session)[1]);
  // cutime and cstime: of children that have ended.
  const ended = fieldsOf(server).slice(13, 15).map(Number);
  const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').split(' ');
  const living = children.filter((pid) => pid !== '').map((pid) => cpuSeconds(Number(pid)));
  const all = [cpuSeconds(server), ...ended.map((ticks) => ticks / 100), ...living];
  return all.reduce((sum, seconds) => sum + seconds, 0);
}

/** The most memory that a process has held at a time, in MiB. */
export function peakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
