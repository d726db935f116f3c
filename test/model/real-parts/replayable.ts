import fc from 'fast-check';

/**
 * Checks a property that plays for seconds: no shrinking, and instead of the counterexample, which
 * would fill pages, the two numbers that make it again. The histories and what disturbs them follow
 * from these alone; which of two racing loaders comes first does not. With CAREPLUS_SEED and
 * CAREPLUS_PATH in the environment that case is played alone: name the test too, for every property
 * takes them.
 */
export async function assertReplayable<T>(
  property: fc.IAsyncProperty<T>,
  numRuns: number,
): Promise<void> {
  const { CAREPLUS_SEED: seed, CAREPLUS_PATH: path } = process.env;
  const outcome = await fc.check(property, {
    ...{ numRuns, endOnFailure: true },
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
  if (!outcome.failed) return;
  const again = `CAREPLUS_SEED=${outcome.seed} CAREPLUS_PATH=${outcome.counterexamplePath ?? ''}`;
  const cause = outcome.errorInstance;
  const text = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`${text}\nplay it again: ${again}`, { cause });
}
