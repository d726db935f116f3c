import ZongJi, { type AnyBinlogEvent } from '@vlasky/zongji';
import { settleWithin } from '../runtime/abortable-wait.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';
import type { ReadSourceLogin } from '../runtime/mysql/source-login.ts';
import { CHECKSUMS_KNOWN, cutChecksums, ignoreChecksums } from './binlog-checksums.ts';
import type { BinlogDecoder } from './binlog-decoder.ts';
import type { BinlogEvent } from './binlog-events.ts';

export interface BinlogStreamOptions {
  readonly login: ReadSourceLogin;
  readonly serverId: number;
  readonly database: string;
  readonly table: string;
  /** Transactions that are not to be sent. */
  readonly gtidSet: string;
  /** The source says that it is alive after this time without an event. */
  readonly heartbeatMs: number;
  readonly decoder: BinlogDecoder;
}

/** Bytes of events that may wait; beyond it the connection is not read. */
const MAX_WAITING_BYTES = 256 * 1024;

/** A connection without any event for this many heartbeats is dead, whatever the kernel says. */
const MISSED_HEARTBEATS = 3;

/** A connection that is not read is kept by the server for this time. */
const NET_WRITE_TIMEOUT_SECONDS = 600;

const STOP_MS = 3_000;

const EVENTS = [
  ...['mariadbgtid', 'gtid', 'anonymousgtid', 'tablemap', 'writerows', 'updaterows', 'deleterows'],
  ...['xid', 'query', 'xaprepare', 'rotate', 'heartbeat', 'format'],
];

/**
 * Reads the binlog from a GTID position on, on a connection of its own. Yields what has gathered
 * since the last turn, at most about a quarter of a megabyte of events.
 *
 * @throws whatever ends the stream, after everything before it was yielded: what the driver
 *   throws, {@link BinlogDecoder.decode}'s errors, CDC_1004 when the source stays silent. It is
 *   never continued; make a new one.
 */
export async function* readBinlog(
  options: BinlogStreamOptions,
  signal: AbortSignal,
): AsyncGenerator<BinlogEvent[], never> {
  signal.throwIfAborted();
  // Plain options: zongji attaches no error listener to a connection that it is given.
  const login = await options.login();
  const zongji = new ZongJi({
    ...login,
    dateStrings: true,
    timezone: 'Z',
    jsonStrings: true,
    enableKeepAlive: true,
  });
  ignoreChecksums(zongji);
  const queue = new EventQueue(options.decoder, zongji);
  const onAbort = () => queue.fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const watchdog = setInterval(() => {
    if (queue.silentMs <= MISSED_HEARTBEATS * options.heartbeatMs) return;
    queue.fail(
      new PipelineError('CDC_1004', 'the source sent nothing, not even heartbeats', {
        retryable: true,
      }),
    );
  }, options.heartbeatMs / 2);
  try {
    zongji.on('error', (error) => queue.fail(error));
    zongji.on('binlog', (event) => queue.push(event));
    // Emitted just before the dump is asked for, on the connection that will carry it.
    zongji.on('ready', () => {
      if (zongji.connection) cutChecksums(zongji.connection);
      for (const statement of sessionSettings(options)) {
        zongji.connection?.query(statement, (error) => {
          if (error) queue.fail(error);
        });
      }
    });
    zongji.start({
      serverId: options.serverId,
      gtidSet: options.gtidSet,
      includeEvents: EVENTS,
      includeSchema: { [options.database]: [options.table] },
    });
    for (;;) yield await queue.take();
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearInterval(watchdog);
    await stop(zongji);
  }
}

/** MySQL 8.4 knows the heartbeat's variable by its new name, older servers and MariaDB by the old one. */
function sessionSettings({ heartbeatMs }: BinlogStreamOptions): string[] {
  const nanoseconds = heartbeatMs * 1_000_000;
  return [
    `SET @master_heartbeat_period = ${nanoseconds}, @source_heartbeat_period = ${nanoseconds}`,
    `SET SESSION net_write_timeout = ${NET_WRITE_TIMEOUT_SECONDS}`,
    CHECKSUMS_KNOWN,
  ];
}

/** Errors come in pairs and may come late: the listener stays. */
async function stop(zongji: ZongJi): Promise<void> {
  zongji.removeAllListeners('binlog');
  zongji.removeAllListeners('error');
  zongji.on('error', () => undefined);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  zongji.once('stopped', () => resolve(undefined));
  zongji.stop();
  await settleWithin(promise, STOP_MS);
}

/** Decoded events that wait to be taken. Reading stops while there are too many. */
class EventQueue {
  readonly #decoder: BinlogDecoder;
  readonly #zongji: ZongJi;
  #events: BinlogEvent[] = [];
  #bytes = 0;
  #paused = false;
  #failure: { readonly reason: unknown } | null = null;
  #wake: (() => void) | null = null;
  #lastEventAt = performance.now();

  constructor(decoder: BinlogDecoder, zongji: ZongJi) {
    this.#decoder = decoder;
    this.#zongji = zongji;
  }

  /** Milliseconds without an event, 0 while reading is stopped. */
  get silentMs(): number {
    return this.#paused ? 0 : performance.now() - this.#lastEventAt;
  }

  /** Called by zongji for every event; an error that escaped would end its stream without a word. */
  push(event: AnyBinlogEvent): void {
    if (this.#failure) return;
    this.#lastEventAt = performance.now();
    try {
      const decoded = this.#decoder.decode(event);
      if (decoded === null) return;
      this.#events.push(decoded);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#bytes += event.size;
    if (this.#bytes > MAX_WAITING_BYTES && !this.#paused) {
      this.#paused = true;
      this.#zongji.connection?.pause();
    }
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake?.();
  }

  /** Everything that waits, or what ended the stream once nothing waits any more. */
  async take(): Promise<BinlogEvent[]> {
    while (this.#events.length === 0) {
      if (this.#failure) throw this.#failure.reason;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
      this.#wake = null;
    }
    const taken = this.#events;
    this.#events = [];
    this.#bytes = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#lastEventAt = performance.now();
      this.#zongji.connection?.resume();
    }
    return taken;
  }
}
