import { setTimeout as sleep } from 'node:timers/promises';
import type { ExchangeFault, RefusalCode } from './faults.ts';

/** The connection is to be destroyed without a reply. */
export class ConnectionDropped extends Error {
  constructor() {
    super('connection dropped by a fault rule');
    this.name = 'ConnectionDropped';
  }
}

/** How a protocol words the two refusals. */
export interface Refusals {
  readonly throttled: () => Error;
  readonly failed: () => Error;
  readonly refused: (code: RefusalCode) => Error;
}

/**
 * Runs one operation under the fault that was drawn for it.
 *
 * @param discard releases what the effect gave, where a fault withholds the reply.
 * @throws {ConnectionDropped} where the caller is to get no reply at all.
 */
export async function withExchangeFault<T>(
  fault: ExchangeFault | undefined,
  refusals: Refusals,
  signal: AbortSignal,
  effect: () => Promise<T>,
  discard: (result: T) => Promise<void> = async () => undefined,
): Promise<T> {
  switch (fault?.action) {
    case undefined:
      return effect();
    case 'delay':
      await sleep(fault.ms, undefined, { signal });
      return effect();
    case 'throttle':
      throw refusals.throttled();
    case 'error':
      throw refusals.failed();
    case 'refuse':
      throw refusals.refused(fault.code);
    case 'drop-before':
      throw new ConnectionDropped();
    case 'drop-after':
      await discard(await effect());
      throw new ConnectionDropped();
    case 'crash-after':
      await effect();
      process.kill(process.pid, 'SIGKILL');
      throw new ConnectionDropped();
  }
}
