/** Runs a program to its end: initial installations and formats of the servers' data folders. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { endLeftover, startChild, type ChildOptions } from './child-process.ts';
import { logTail } from './readiness.ts';

export interface OneShotOptions extends ChildOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * As a child it ends with its parent too, and what a killed start left of it is ended first.
 * @throws {PipelineError} CFG_9006 with its last output if it fails; the signal's reason if aborted.
 */
export async function runOneShot(options: OneShotOptions): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  const child = await startChild(options);
  const kill = () => child.kill();
  signal?.addEventListener('abort', kill, { once: true });
  const { code } = await child.exited;
  signal?.removeEventListener('abort', kill);
  signal?.throwIfAborted();
  if (code === 0) return;
  throw new PipelineError(
    'CFG_9006',
    `${options.name} failed (exit code ${code ?? 'unknown'}). ${logTail(options.logFile)}`,
  );
}

/**
 * Has a program build a data folder, unless it is there. It is built aside and renamed, so that a
 * start that is broken off here leaves nothing half made.
 * @param program the program that builds the folder at the given path
 */
export async function buildFolder(
  folder: string,
  program: (partial: string) => OneShotOptions,
): Promise<void> {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  const options = program(partial);
  await endLeftover(options);
  rmSync(partial, { recursive: true, force: true });
  await runOneShot(options);
  renameSync(partial, folder);
}
