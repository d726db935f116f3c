import { createHash } from 'node:crypto';
import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';
import type { ReadSourceLogin } from '../runtime/mysql/source-login.ts';
import { openSource, type SourceConnection } from './source-connection.ts';

/** The right to read one source, held on the source itself. */
export interface ReaderLock extends AsyncDisposable {
  /** Aborts when the lock can no longer be vouched for: stop reading. */
  readonly lost: AbortSignal;
}

export interface ReaderLockOptions {
  readonly login: ReadSourceLogin;
  readonly sourceId: string;
  readonly log: Logger;
  /** Called on every turn while another reader holds the lock. */
  readonly onWaiting: () => void;
}

/** A reader that vanished without closing its connection loses the lock after this time. */
const SESSION_TIMEOUT_SECONDS = 30;
const PING_MS = 5_000;
const PING_TIMEOUT_MS = 10_000;
const WAIT_SECONDS = 1;

/**
 * Waits until this is the only reader of the source (GET_LOCK on a connection of its own).
 *
 * @throws what the driver throws when the connection fails, and the signal's reason.
 */
export async function acquireReaderLock(
  options: ReaderLockOptions,
  signal: AbortSignal,
): Promise<ReaderLock> {
  const connection = await openSource(options.login, signal);
  try {
    await connection.query(`SET SESSION wait_timeout = ${SESSION_TIMEOUT_SECONDS}`);
    await waitForLock(connection, options);
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
  const released = new AbortController();
  const lost = new AbortController();
  void keepAlive(connection, AbortSignal.any([signal, released.signal])).catch((error: unknown) =>
    lost.abort(error),
  );
  return {
    lost: AbortSignal.any([lost.signal, connection.lost]),
    async [Symbol.asyncDispose]() {
      released.abort();
      await connection[Symbol.asyncDispose]();
    },
  };
}

async function waitForLock(
  connection: SourceConnection,
  { sourceId, log, onWaiting }: ReaderLockOptions,
): Promise<void> {
  for (let waited = false; ; waited = true) {
    const [row] = await connection.query('SELECT GET_LOCK(?, ?) AS acquired', [
      lockName(sourceId),
      WAIT_SECONDS,
    ]);
    if (Number(row?.['acquired']) === 1) return;
    onWaiting();
    if (waited) continue;
    const standby = new PipelineError('CDC_1005', `another reader holds the lock of ${sourceId}`);
    log.warn({ code: standby.code, remedy: standby.remedy, source: sourceId }, standby.message);
  }
}

/** Rejects when the lock is lost; ends when the signal aborts. */
async function keepAlive(connection: SourceConnection, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.race([
      connection.query('SELECT 1'),
      abortableSleep(PING_TIMEOUT_MS, signal).then(() => {
        throw new Error('the connection that holds the lock does not answer');
      }),
    ]).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    await abortableSleep(PING_MS, signal).catch(() => undefined);
  }
}

/** MySQL allows 64 characters. */
function lockName(sourceId: string): string {
  return `careplus.reader.${createHash('sha256').update(sourceId).digest('hex').slice(0, 32)}`;
}
