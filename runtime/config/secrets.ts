import { readFileSync } from 'node:fs';
import { errorText, PipelineError } from '../pipeline-error.ts';

/**
 * Reads a secret from its file, else from the environment. One trailing newline is dropped.
 *
 * @param setting name of the setting, for the message.
 * @throws {PipelineError} CFG_9002 when neither holds it.
 */
export function readSecret(
  setting: string,
  file: string | undefined,
  environmentVariable: string,
): string {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw new PipelineError('CFG_9002', `${setting}: ${errorText(cause)}`, { cause });
    }
  }
  const value = process.env[environmentVariable];
  if (value === undefined) {
    throw new PipelineError(
      'CFG_9002',
      `${setting}: set ${setting} in the configuration or ${environmentVariable} in the environment`,
    );
  }
  return value;
}
