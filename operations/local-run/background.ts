import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { makeStateFolder } from '../../infra/local/state-file.ts';
import type { VerbCall } from '../cli/context.ts';
import { exitCodes } from '../cli/faults.ts';

/** What the process in the background tells the one that a person started. */
const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('note'), line: z.string() }),
  z.object({ type: z.literal('text'), line: z.string() }),
  z.object({ type: z.literal('document'), value: z.record(z.string(), z.unknown()) }),
  /** The asked-for work is done; the stack stays up. */
  z.object({ type: z.literal('done'), code: z.number() }),
]);
export type BackgroundMessage = z.infer<typeof messageSchema>;

/**
 * Starts the same command in a process of its own that outlives this one, passes on what it says,
 * and returns when it has done what was asked.
 *
 * @param argv the command line, from the script's name on.
 */
export async function runInBackground(
  argv: readonly string[],
  stateDir: string,
  { output, signal }: VerbCall,
): Promise<number> {
  const logs = makeStateFolder(stateDir, 'logs');
  const logFile = path.join(logs, 'supervisor.log');
  const log = openSync(logFile, 'a');
  const logBegin = fstatSync(log).size;
  const child = spawn(
    process.execPath,
    [...argv.filter((word) => word !== '--fresh'), '--supervised'],
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        if (code !== exitCodes.good) {
          for (const line of lastLines(logFile, logBegin)) output.note(line);
          output.note(`it ended; see ${logFile}`);
        }
        resolve(code ?? exitCodes.bad);
      });
      child.on('message', (raw) => {
        const message = messageSchema.parse(raw);
        switch (message.type) {
          case 'note':
            output.note(message.line);
            break;
          case 'text':
            output.text(message.line);
            break;
          case 'document':
            output.document(message.value);
            break;
          case 'done':
            resolve(message.code);
        }
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    child.unref();
    closeSync(log);
  }
}

const SHOWN_LINES = 20;

/** What the background process wrote last: why it ended. */
function lastLines(file: string, begin: number): string[] {
  const written = readFileSync(file).subarray(begin).toString('utf8').trimEnd();
  return written === '' ? [] : written.split('\n').slice(-SHOWN_LINES);
}
