import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Takes a lock of this machine: an abstract Unix socket, which the kernel frees when the process
 * ends, however it ends (unix(7)).
 *
 * @param name of what may run once, any text.
 * @returns the lock, free again when disposed; undefined when another process holds it.
 */
export async function tryMachineLock(name: string): Promise<AsyncDisposable | undefined> {
  // Whoever connects has nothing to say.
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<AsyncDisposable | undefined>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(undefined);
    else reject(error);
  });
  server.listen(socketName(name), () => resolve({ [Symbol.asyncDispose]: () => closed(server) }));
  return promise;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Hashed, for sun_path holds 108 bytes (unix(7)). */
function socketName(name: string): string {
  return `\0careplus-${createHash('sha256').update(name).digest('hex')}`;
}
