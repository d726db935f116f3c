import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { abortableSleep } from '../runtime/abortable-wait.ts';
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
 * Waits until this is the only shipper of its host to its cluster on this machine: an abstract Unix socket, which
 * the kernel frees when the process ends, however it ends. Shippers of the same name elsewhere are
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
    const server = await listen(lockName(host, cluster));
    if (server) return { [Symbol.asyncDispose]: () => closed(server) };
    onWaiting();
    if (!waited) {
      const standby = new PipelineError('LOG_2005', `another shipper of ${host} is running`);
      log.warn({ code: standby.code, remedy: standby.remedy, host }, standby.message);
    }
    await abortableSleep(TRY_AGAIN_MS, signal);
  }
}

/** @returns undefined when the name is taken. */
async function listen(name: string): Promise<Server | undefined> {
  // Whoever connects has nothing to say.
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<Server | undefined>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(undefined);
    else reject(error);
  });
  server.listen(name, () => resolve(server));
  return promise;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Hashed, for sun_path holds 108 bytes (unix(7)). */
function lockName(host: string, cluster: string): string {
  return `\0careplus-shipper-${createHash('sha256').update(`${host}\0${cluster}`).digest('hex')}`;
}
