/** Waits until a freshly started server answers a real request, or says why it will not. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { Child } from './child-process.ts';

export interface ReadinessOptions {
  /** Resolves when the server is ready; each rejection means "not yet". */
  readonly probe: () => Promise<void>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const POLL_MS = 50;
const LOG_TAIL_LINES = 15;

/**
 * Probes until it succeeds. If it cannot, the child is stopped first.
 * @throws {PipelineError} CFG_9006 if the child ends or the time is up; the signal's reason if aborted.
 */
export async function waitUntilReady(child: Child, options: ReadinessOptions): Promise<void> {
  const giveUpAt = Date.now() + options.timeoutMs;
  const ended = child.exited.then(({ code, signal }) => {
    const how = signal ?? `exit code ${code ?? 'unknown'}`;
    throw notReady(child, `ended while starting (${how})`);
  });
  const over = new AbortController();
  const aborted = rejectionOf(options.signal, over.signal);
  try {
    for (;;) {
      const probe = options.probe().then(() => null, wrap);
      const failure = await Promise.race([ended, aborted, probe]);
      if (failure === null) return;
      if (Date.now() > giveUpAt) {
        const waited = `did not answer within ${options.timeoutMs / 1000} s`;
        throw notReady(child, `${waited}: ${errorText(failure.reason)}`);
      }
      await Promise.race([ended, aborted, delay(POLL_MS)]);
    }
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    over.abort();
    ended.catch(() => undefined);
    aborted.catch(() => undefined);
  }
}

/** Never resolves; rejects with the signal's reason when it aborts. Listens until `over`. */
function rejectionOf(signal: AbortSignal | undefined, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal?.reason as Error);
    if (signal?.aborted === true) fail();
    else signal?.addEventListener('abort', fail, { once: true, signal: over });
  });
}

function wrap(reason: unknown): { reason: unknown } {
  return { reason };
}

function notReady(child: Child, what: string): PipelineError {
  return new PipelineError('CFG_9006', `${child.name} ${what}. ${logTail(child.logFile)}`);
}

/** @returns the file's name and its last lines, for a person. */
export function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  return `The end of ${file}:\n  ${lines.join('\n  ')}`;
}
