/**
 * A server that logs while one watches: entries of tickets go to the file of the day, which is
 * rotated by rename now and then, as logrotate does.
 *
 *   const writer = createLogWriter({ folder, random, now: Date.now });
 *   await writer.append('TCK0701000');
 */
import { appendFile, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from './random.ts';
import { logDay, logFileName, makeLogEntry } from './logs.ts';

export interface LogWriterOptions {
  readonly folder: string;
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Size in bytes from which the file of the day is rotated away. Default 16 KiB. */
  readonly rotateBytes?: number;
}

export interface LogWriter {
  /** Appends one entry of a ticket, now and then twice. */
  append(ticketId: string): Promise<void>;
}

const REPEAT_SHARE = 0.04;
/** About forty entries: a minute or two of the demo. */
const ROTATE_BYTES = 16 * 1024;

export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { folder, random, now, rotateBytes = ROTATE_BYTES } = options;
  return {
    async append(ticketId) {
      const ms = now();
      const day = logDay(ms);
      const file = path.join(folder, logFileName(day));
      if ((await sizeOf(file)) >= rotateBytes) await rotateAway(folder, day);
      const { text } = makeLogEntry(random, { ticketId, ms });
      const copies = random() < REPEAT_SHARE ? 2 : 1;
      await appendFile(file, `${text}\n`.repeat(copies));
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Gives the file of the day the next free number, and so its name to a new file. */
async function rotateAway(folder: string, day: string): Promise<void> {
  const taken = new Set(await readdir(folder));
  let number = 1;
  while (taken.has(logFileName(day, `.${number}`))) number += 1;
  await rename(
    path.join(folder, logFileName(day)),
    path.join(folder, logFileName(day, `.${number}`)),
  );
}
