import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';

/** A process of a test's own whose output is read line by line. */
export interface TalkingChild {
  readonly process: ChildProcess;
  /** The next line that matches; lines before it are passed over. */
  line(pattern: RegExp): Promise<string>;
  /** Every line so far, those that were passed over too. */
  readonly lines: readonly string[];
  kill(signal: NodeJS.Signals): void;
  /** Kills it, if it still runs, and waits for its end. */
  end(): Promise<void>;
}

/** Starts a TypeScript file beside the tests with one JSON argument. */
export function startTalkingChild(file: string, argument: object): TalkingChild {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=TimeoutNegativeWarning',
      new URL(file, import.meta.url).pathname,
      JSON.stringify(argument),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let read = 0;
  const next = (pattern: RegExp) => {
    for (let line = lines[read]; line !== undefined; line = lines[read]) {
      read += 1;
      if (pattern.test(line)) return line;
    }
    throw new Error(`no line like ${pattern.source} after ${lines.slice(-5).join(' | ')}`);
  };
  return {
    process: child,
    lines,
    line: (pattern) => vi.waitFor(() => next(pattern), { timeout: 30_000, interval: 5 }),
    kill: (signal) => child.kill(signal),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
