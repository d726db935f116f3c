import { waitOrAbort } from '../../runtime/abortable-wait.ts';
import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';

/** What one look at a part of the pipeline has found. */
export interface Observation {
  readonly severity: 'ok' | 'warning' | 'error';
  readonly found: string;
  /** What to do; null where nothing is wrong. */
  readonly cure: string | null;
  /** The right that was tried, where it was one. */
  readonly right?: {
    readonly daemon: string;
    readonly action: string;
    readonly resource: string;
  };
}

export interface Finding extends Observation {
  /** The part, such as `source` or `lake`. */
  readonly part: string;
}

export interface Part {
  readonly name: string;
  /** Looks by calls that change nothing. What it throws becomes a finding. */
  readonly look: (signal: AbortSignal) => Promise<readonly Observation[]>;
}

export const good = (found: string): Observation => ({ severity: 'ok', found, cure: null });

export const warning = (found: string, cure: string): Observation => ({
  severity: 'warning',
  found,
  cure,
});

export const bad = (found: string, cure: string): Observation => ({
  severity: 'error',
  found,
  cure,
});

/** How long a part may take to answer. */
const ANSWER_MS = 20_000;

/** Looks at all parts at once; one that does not answer keeps no other from being looked at. */
export async function lookAtAll(
  parts: readonly Part[],
  signal: AbortSignal,
  answerMs = ANSWER_MS,
): Promise<Finding[]> {
  const found = await Promise.all(
    parts.map(async ({ name, look }) => {
      const limit = AbortSignal.timeout(answerMs);
      try {
        const either = AbortSignal.any([signal, limit]);
        const findings = await waitOrAbort(look(either), either);
        return findings.map((finding) => ({ part: name, ...finding }));
      } catch (error) {
        signal.throwIfAborted();
        const known = findPipelineError(error);
        const text = limit.aborted ? `no answer within ${answerMs / 1000} s` : errorText(error);
        const cure = known?.remedy ?? `Look at the ${name} and the way to it.`;
        return [{ part: name, ...bad(text, cure) }];
      }
    }),
  );
  return found.flat();
}
