import { randomUUID } from 'node:crypto';
import type { Logger } from '../runtime/observability/log.ts';
import { StatementFailedError } from '../runtime/redshift/data-api-errors.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import type { Clock } from './clock.ts';
import { planOf } from './load-plan.ts';
import { takeOverStatements } from './load-statements.ts';

const MAX_ATTEMPTS = 5;
const PREDECESSOR_POLL_MS = 500;

/** Name of a batch's statement, by which a successor finds what still runs. */
export function loadName(dataset: LakeDataset, batchId = ''): string {
  return `load-${dataset.entity}-${batchId}`;
}

/**
 * Makes this process the dataset's loader: writes its token, then waits until nothing of its
 * predecessor runs any more. What the predecessor submits later fails at its fence, so the ledger
 * that is read after this is complete.
 */
export async function takeOver(
  api: DataApi,
  dataset: AnyDataset,
  token: string,
  {
    log,
    signal,
    clock,
  }: { readonly log: Logger; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> {
  const statements = takeOverStatements(dataset, token).map(({ sql }) => sql);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const name = `take-over-${dataset.entity}`;
      await api.runBatch({ name, statements, token: randomUUID() }, { signal });
      break;
    } catch (error) {
      const isConflict = error instanceof StatementFailedError && error.retryable;
      if (!isConflict || attempt === MAX_ATTEMPTS) throw error;
    }
  }
  for (;;) {
    const running = await api.running(loadName(dataset), { signal });
    if (running.length === 0) break;
    log.info({ dataset: dataset.name, running }, 'waiting for the predecessor’s batch');
    await clock.sleep(PREDECESSOR_POLL_MS, signal);
  }
  await renewDerived(api, dataset, { log, signal });
}

/** An older loader leaves the tables behind that it does not know: they are made anew, once. */
async function renewDerived(
  api: DataApi,
  dataset: AnyDataset,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { derived, tables } = planOf(dataset);
  if (!derived) return;
  const { rows } = await api.query(derived.staleQuery, { signal });
  const stale = Number(rows[0]?.['stale'] ?? 0);
  if (stale === 0) return;
  log.info({ dataset: dataset.name, stale }, 'making the figures of the history anew');
  const statements = [`LOCK TABLE ${tables.ledger}`, ...derived.recompute];
  const name = loadName(dataset, 'derived');
  await api.runBatch({ name, statements, token: randomUUID() }, { signal });
}
