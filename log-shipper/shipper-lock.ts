import { abortableSleep } from '../runtime/abortable-wait.ts';
import { tryMachineLock } from '../runtime/daemon/machine-lock.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';

export interface ShipperLockOptions {
  readonly host: string;
  /** Where it ships to. */
  readonly cluster: string;
  readonly log: Logger;
  /** Called on every turn while another shipper holds the lock. */
  readonly onWaiting: () => void;
}

const TRY_AGAIN_MS = 250;

/**
 * Waits until this is the only shipper of its host to its cluster on this machine. Shippers of the same name elsewhere are
 * fenced by their transactional id.
 *
 * @throws the signal's reason, and what the socket throws.
 */
export async function acquireShipperLock(
  { host, cluster, log, onWaiting }: ShipperLockOptions,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  for (let waited = false; ; waited = true) {
    signal.throwIfAborted();
    const lock = await tryMachineLock(`shipper\0${host}\0${cluster}`);
    if (lock) return lock;
    onWaiting();
    if (!waited) {
      const standby = new PipelineError('LOG_2005', `another shipper of ${host} is running`);
      log.warn({ code: standby.code, remedy: standby.remedy, host }, standby.message);
    }
    await abortableSleep(TRY_AGAIN_MS, signal);
  }
}
