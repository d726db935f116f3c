import { readFileSync } from 'node:fs';

/** Files that are kept open at most, however many a process may have. */
const MOST = 512;

/** How many files to keep open: half of what this process may have, for it has others too. */
export function maxOpenFiles(): number {
  let limits = '';
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    // Another system than Linux.
  }
  return shareOf(limits);
}

/** @param limits as `/proc/PID/limits` tells them. */
export function shareOf(limits: string): number {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? MOST : Math.min(MOST, Math.floor(Number(soft) / 2));
}
