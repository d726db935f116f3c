/** Runs a program to its end: initial installations and formats of the servers' data folders. */
import { spawn } from 'node:child_process';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { SystemUser } from './state-folders.ts';

export interface OneShotOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly user?: SystemUser | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @returns what it wrote, standard output and error together.
 * @throws {PipelineError} CFG_9006 with its last output if it fails.
 */
export async function runOneShot(options: OneShotOptions): Promise<string> {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options.user,
  });
  let output = '';
  const keep = (chunk: Buffer) => (output += chunk.toString('utf8'));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    const tail = output.trimEnd().split('\n').slice(-15).join('\n  ');
    throw new PipelineError('CFG_9006', `${options.command} failed:\n  ${tail}`);
  }
  return output;
}
