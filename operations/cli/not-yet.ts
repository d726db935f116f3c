import { exitCodes } from './faults.ts';
import type { Output } from './output.ts';

/** The answer of a verb or a part that is known but does nothing yet. */
export function notYet(name: string, output: Output): number {
  if (output.json) output.document({ error: 'not-yet', verb: name });
  else output.note(`careplus ${name}: not yet`);
  return exitCodes.unusable;
}
