/**
 * Keeps one of our daemons running: a child that ends unasked is started again, ever later if it
 * keeps ending, and at once again after it has run for a while.
 *
 *   const reader = await superviseChild({ name: 'cdc-reader', …, onRestart: ({ delayMs }) => … });
 *   await reader.stop();
 *
 * Exit codes 78 (bad configuration) and 75 (a newer instance has taken over) are final: a restart
 * would only repeat them, or fence the newer one in turn.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type Child, type ChildExit, type ChildOptions } from './child-process.ts';

export interface Restart {
  readonly name: string;
  /** How the last run ended; null if it could not even be started. */
  readonly exit: ChildExit | null;
  /** 1 for the first restart in a row. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface SuperviseOptions extends ChildOptions {
  readonly onRestart?: (restart: Restart) => void;
  /** Delay before the first restart; doubles with each further one in a row. Default 200 ms. */
  readonly firstDelayMs?: number;
  /** Default 10,000 ms. */
  readonly maxDelayMs?: number;
  /** A run of this length counts as healthy: the next restart is a first one. Default 20,000 ms. */
  readonly healthyMs?: number;
}

export interface SupervisedChild {
  readonly name: string;
  readonly logFile: string;
  /** Undefined between two runs and after the end. */
  readonly pid: () => number | undefined;
  /** How the last run ended, once there will be no other: stopped, or a final exit code. */
  readonly finished: Promise<ChildExit>;
  /** Ends the child and the supervision. */
  stop(): Promise<ChildExit>;
}

const FINAL_EXIT_CODES: ReadonlySet<number | null> = new Set([75, 78]);

/** @throws {PipelineError} CFG_9003 if the program cannot be started the first time. */
export async function superviseChild(options: SuperviseOptions): Promise<SupervisedChild> {
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let current: Child | undefined = await startChild(options);

  const supervise = async (): Promise<ChildExit> => {
    let exit: ChildExit | null = null;
    let attempt = 0;
    for (;;) {
      const startedAt = Date.now();
      if (current !== undefined) {
        exit = await current.exited;
        current = undefined;
        if (isStopping() || FINAL_EXIT_CODES.has(exit.code)) return exit;
        if (Date.now() - startedAt >= (options.healthyMs ?? 20_000)) attempt = 0;
      }
      const delayMs = Math.min(
        (options.firstDelayMs ?? 200) * 2 ** attempt,
        options.maxDelayMs ?? 10_000,
      );
      attempt += 1;
      options.onRestart?.({ name: options.name, exit, attempt, delayMs });
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (isStopping()) return exit ?? { code: null, signal: null };
      // A start that fails now (a full disk, too many processes) is tried again like any other end.
      current = await startChild(options).catch(() => undefined);
      exit = current === undefined ? null : exit;
      if (isStopping()) await current?.stop();
    }
  };

  const finished = supervise();
  return {
    name: options.name,
    logFile: options.logFile,
    pid: () => current?.pid,
    finished,
    async stop() {
      stopping.abort();
      await current?.stop();
      return finished;
    },
  };
}
