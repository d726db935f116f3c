import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';
import type { Output } from './output.ts';

/** Exit codes of every verb (78 is EX_CONFIG of sysexits.h). */
export const exitCodes = {
  good: 0,
  /** A bad result (verify found a difference, wait ran out of time) or a fault. */
  bad: 1,
  /** Bad usage or configuration. */
  unusable: 78,
} as const;

/** Tells a person or a program what went wrong and gives the exit code that it asks for. */
export function reportFault(error: unknown, output: Output): number {
  const known = findPipelineError(error);
  const code = known?.code ?? 'fault';
  const message = errorText(known ?? error);
  const remedy = known?.remedy ?? null;
  if (output.json) output.document({ error: { code, message, remedy } });
  else {
    output.note(known ? `careplus: ${code}: ${message}` : `careplus: ${message}`);
    if (remedy !== null) output.note(`  what to do: ${remedy}`);
  }
  return known?.code.startsWith('CFG_') ? exitCodes.unusable : exitCodes.bad;
}

/** Tells a program about a command line that is not understood; commander has told the person. */
export function reportUsage(commanderMessage: string, output: Output): number {
  const message = commanderMessage.replace(/^error: /, '');
  const remedy = 'careplus VERB --help shows how it is used.';
  output.document({ error: { code: 'usage', message, remedy } });
  return exitCodes.unusable;
}
