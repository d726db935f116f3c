import type { Config } from '../../runtime/config/config-schema.ts';
import { exitCodes } from '../cli/faults.ts';
import { hopNames } from '../verbs/wait.ts';
import { showVerification } from '../verbs/verify.ts';
import { recordVerification, verify, waitUntilIdle } from '../verify/verification.ts';
import { connectWarehouse } from '../warehouse-connection.ts';
import { lastProblems } from './last-problem.ts';
import type { RunOutput } from './run-output.ts';

/** As long as something moves within this time, the run is given more of it. */
const PROGRESS_MS = 30_000;

interface CloseOptions {
  readonly output: RunOutput;
  readonly signal: AbortSignal;
  readonly stateDir: string;
}

/**
 * Waits until all that the source holds now has arrived, then verifies and tells the books.
 *
 * @returns 0 only when the books close.
 */
export async function closeTheBooks(
  config: Config,
  { output, signal, stateDir }: CloseOptions,
): Promise<number> {
  using warehouse = connectWarehouse(config);
  const { api } = warehouse;
  const note = (line: string) => output.note(line);
  for (let before = ''; ;) {
    const { datasets } = await waitUntilIdle(config, { api, timeoutMs: PROGRESS_MS, signal, note });
    const late = datasets.flatMap(({ dataset, late }) => (late ? [{ dataset, ...late }] : []));
    if (late.length === 0) break;
    const now = JSON.stringify(late);
    for (const { dataset, hop, found } of late) {
      note(`${dataset}: still waiting: ${hopNames[hop]} (found ${found})`);
    }
    if (now === before) {
      note(`nothing has moved for ${PROGRESS_MS / 1000} s`);
      for (const problem of lastProblems(stateDir)) note(problem);
      return exitCodes.bad;
    }
    before = now;
  }
  const result = await verify(config, { api, timeoutMs: PROGRESS_MS, signal, note });
  await recordVerification(api, result, signal);
  showVerification(result, { output });
  return result.ok ? exitCodes.good : exitCodes.bad;
}
