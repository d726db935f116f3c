import { errorText, findPipelineError } from '../../../runtime/pipeline-error.ts';
import type { Identity } from '../../../schemas/daemon-rights.ts';
import { bad, good, type Observation, type Part } from '../finding.ts';

/** One right, and a call that tells whether it is there and changes nothing. */
export interface Right {
  /** In the words of IAM, such as `s3:PutObject`; of the warehouse, such as `SELECT`. */
  readonly action: string;
  /** On what, as a person reads it. */
  readonly resource: string;
  /** Why the right is missing, or undefined when it is there. Throws when that cannot be told. */
  readonly refusal: (signal: AbortSignal) => Promise<string | undefined>;
  /** How the right is given where no role of the CDK app gives it. */
  readonly grant: string;
}

export interface RightsOf {
  /** Of the part, such as `broker`. */
  readonly name: string;
  readonly identity: Identity;
  /** Without it none of the others can be tried. */
  readonly first?: Right;
  readonly rights: readonly Right[];
  readonly close: () => Promise<void>;
}

/** Tries every right on one part of the pipeline. */
export function rightsPart({ name, identity, first, rights, close }: RightsOf): Part {
  return {
    name,
    async look(signal) {
      try {
        const entry = first ? [await observe(identity, first, signal)] : [];
        if (entry.some(({ severity }) => severity !== 'ok')) return entry;
        const tried = rights.map((right) => observe(identity, right, signal));
        return [...entry, ...(await Promise.all(tried))];
      } finally {
        await close();
      }
    },
  };
}

async function observe(
  daemon: Identity,
  { action, resource, refusal, grant }: Right,
  signal: AbortSignal,
): Promise<Observation> {
  const right = { daemon, action, resource };
  const what = `${action} on ${resource}`;
  try {
    const why = await refusal(signal);
    if (why === undefined) return { ...good(`${daemon} may ${what}`), right };
    const cure = `Deploy the role of ${daemon} as infra/aws makes it; elsewhere: ${grant}`;
    return { ...bad(`${daemon} may not ${what}: ${why}`, cure), right };
  } catch (error) {
    signal.throwIfAborted();
    const cure = findPipelineError(error)?.remedy ?? `See that ${resource} is there and answers.`;
    return {
      ...bad(`cannot tell whether ${daemon} may ${what}: ${errorText(error)}`, cure),
      right,
    };
  }
}
