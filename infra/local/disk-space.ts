import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { abortableSleep } from '../../runtime/abortable-wait.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';

const MIB = 1024 * 1024;

/** What the servers lay down at their first start, and room for the first data. */
export const START_BYTES = 512 * MIB;

/** What a later start needs before it can go on. */
export const RESTART_BYTES = 64 * MIB;

/** Below it a person is told while the stack runs: the servers stop writing at 0. */
const LOW_BYTES = 128 * MIB;

const WATCH_MS = 5_000;

/** Bytes that a folder's disk has free for an ordinary user; the folder need not exist yet. */
async function freeBytes(folder: string): Promise<number> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing || place === path.dirname(place)) throw error;
    }
  }
}

const inMiB = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`;

/** @throws {PipelineError} CFG_9010 when the folder's disk has less than `needed` bytes free. */
export async function checkDiskSpace(folder: string, needed: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= needed) return;
  throw new PipelineError(
    'CFG_9010',
    `the disk of ${folder} has ${inMiB(free)} free, a start needs ${inMiB(needed)}`,
    { context: { folder, free, needed } },
  );
}

/** Tells a person when a folder's disk runs full, and when there is room again. */
export async function watchDiskSpace(
  folder: string,
  { report, signal }: { readonly report: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  let low = false;
  while (!signal.aborted) {
    const free = await freeBytes(folder);
    if (free < LOW_BYTES !== low) {
      low = !low;
      report(
        low
          ? `the disk of ${folder} is nearly full (${inMiB(free)} free): servers stop writing until there is room; nothing is lost`
          : `the disk of ${folder} has room again (${inMiB(free)} free): everything goes on`,
      );
    }
    await abortableSleep(WATCH_MS, signal).catch(() => undefined);
  }
}
