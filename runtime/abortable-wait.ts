import { setTimeout as sleep } from 'node:timers/promises';

/** Waits `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
export async function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Waits for a promise that knows no signal. On abort it rejects with the signal's reason at once;
 * what the promise does later is ignored.
 */
export async function waitOrAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason as Error);
  promise.catch(() => undefined);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * A process that was stopped runs its timers before it reads its sockets: so long it looks for what
 * came meanwhile.
 */
const LAST_LOOK_MS = 500;

/** Waits for a promise at most about `ms` milliseconds, then rejects with an error that says so. */
export async function waitAtMost<T>(promise: Promise<T>, ms: number): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const giveUp = () => limit.reject(new Error(`no answer within ${ms} ms`));
  let timer = setTimeout(() => {
    timer = setTimeout(giveUp, LAST_LOOK_MS);
  }, ms);
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise at most `ms` milliseconds, whatever comes of it: for closing connections. */
export async function settleWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([
    promise.catch(() => undefined),
    sleep(ms, undefined, { signal: limit.signal, ref: false }).catch(() => undefined),
  ]);
  limit.abort();
}
