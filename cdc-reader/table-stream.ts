import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { CheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import type { TransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import type { Trouble } from '../runtime/daemon/progress.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { findPipelineError, PipelineError } from '../runtime/pipeline-error.ts';
import type { ReadSourceLogin } from '../runtime/mysql/source-login.ts';
import type { ReaderCheckpoint } from '../schemas/checkpoint.ts';
import type { TableStreamConfig } from './config.ts';
import type { ReaderMetrics } from './reader-metrics.ts';
import { acquireReaderLock } from './reader-lock.ts';
import { checkSource } from './source-check.ts';
import { openSource } from './source-connection.ts';
import { sourceError } from './source-errors.ts';
import { TableReader, type StopSignals } from './table-reader.ts';

export interface TableStreamParts {
  readonly login: ReadSourceLogin;
  readonly writer: TransactionalWriter;
  readonly store: CheckpointStore<ReaderCheckpoint>;
  readonly schemas: WriterSchemas;
  readonly metrics: ReaderMetrics;
  readonly log: Logger;
  /** The stream is alive: it works, or waits for something that it knows. */
  readonly onProgress: () => void;
  /** Whether it holds its lock and reads. */
  readonly onReady: (ready: boolean) => void;
  /** What keeps it from reading; undefined when it reads. */
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
  readonly waits?: Partial<StreamWaits>;
}

/** How long the stream waits before it tries again, in milliseconds. */
export interface StreamWaits {
  /** After what only a person can cure. */
  readonly unretryableMs: number;
  /** While the table does not exist. */
  readonly missingTableMs: number;
  /** Bounds of the random wait after everything else. */
  readonly minMs: number;
  readonly maxMs: number;
}

const DEFAULT_WAITS: StreamWaits = {
  unretryableMs: 30_000,
  missingTableMs: 2_000,
  minMs: 100,
  maxMs: 10_000,
};

/** An attempt that held for so long was a good one: what failed before it is forgotten. */
const GOOD_ATTEMPT_MS = 60_000;

/** Times that the writer is taken over, with no good attempt between, before this process gives way. */
const MAX_FENCED = 3;

/** A waiting stream tells this often that it is alive. */
const BEAT_MS = 5_000;

/**
 * One table's stream, with its own lock, connection, writer and checkpoint: what goes wrong with
 * it stops no other table. It goes on for ever; only a stop or being taken over ends it.
 */
export class TableStream {
  readonly #config: TableStreamConfig;
  readonly #parts: TableStreamParts;
  readonly #waits: StreamWaits;
  #failures = 0;
  #fenced = 0;
  #lastError = '';

  constructor(config: TableStreamConfig, parts: TableStreamParts) {
    this.#config = config;
    this.#parts = parts;
    this.#waits = { ...DEFAULT_WAITS, ...parts.waits };
  }

  /**
   * Reads until the signal aborts, then writes what it has read and resolves.
   *
   * @throws {PipelineError} KFK_3001 when another instance keeps taking over.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await using lock = await this.#acquireLock(signal);
        await this.#readUnder(lock.lost, signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
    this.#parts.onReady(false);
  }

  async #acquireLock(signal: AbortSignal) {
    const { login, log, onProgress } = this.#parts;
    const { sourceId } = this.#config;
    return acquireReaderLock({ login, sourceId, log, onWaiting: onProgress }, signal);
  }

  /** Attempt after attempt while the lock holds; every one begins with the last checkpoint. */
  async #readUnder(lost: AbortSignal, signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, lost]);
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        await this.#attempt({ stop, abandon: lost });
      } catch (error) {
        lost.throwIfAborted();
        if (performance.now() - startedAt > GOOD_ATTEMPT_MS) this.#failures = this.#fenced = 0;
        await this.#recover(error, stop);
      }
    }
  }

  async #attempt(signals: StopSignals): Promise<never> {
    const { login, writer, store, log, onReady } = this.#parts;
    const { sourceId, configHash } = this.#config;
    await this.#checkSource(login, signals.stop);
    let checkpoint = await this.#whileBeating(async () => {
      await writer.open(signals.stop);
      return store.recover(sourceId, writer, signals.stop);
    });
    const reader = new TableReader(this.#config, this.#parts);
    let reason = whySnapshot(checkpoint, configHash);
    for (;;) {
      if (reason !== undefined || checkpoint === undefined) {
        log.info({ source: sourceId, reason }, 'a snapshot is due');
        checkpoint = await this.#snapshot(reader, checkpoint?.epoch, signals);
      }
      onReady(true);
      const { gtidSet, epoch, nextSeq } = checkpoint;
      log.info({ source: sourceId, gtidSet, epoch, nextSeq }, 'streaming');
      this.#lastError = '';
      this.#parts.onTrouble?.(undefined);
      const end = await reader.stream(checkpoint, signals);
      if (end.alarm) this.#report(end.alarm);
      reason = end.reason;
      // A source that asks for one snapshot after another must not be read without pause.
      await this.#wait(this.#backoffMs(), signals.stop);
      signals.stop.throwIfAborted();
      // What ended the epoch may be what makes the table unfit.
      await this.#checkSource(login, signals.stop);
    }
  }

  /** Takes a snapshot as soon as the table exists. */
  async #snapshot(
    reader: TableReader,
    previous: number | undefined,
    signals: StopSignals,
  ): Promise<ReaderCheckpoint> {
    for (;;) {
      try {
        return await reader.snapshot(previous, signals);
      } catch (error) {
        if (findPipelineError(error)?.code !== 'CDC_1009') throw error;
        this.#parts.onReady(false);
        this.#report(sourceError(error, this.#config.sourceId));
        await this.#wait(this.#waits.missingTableMs, signals.stop);
        signals.stop.throwIfAborted();
      }
    }
  }

  /** The broker's own limits of time bound the work. */
  async #whileBeating<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(this.#parts.onProgress, BEAT_MS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  async #checkSource(login: ReadSourceLogin, signal: AbortSignal): Promise<void> {
    await using connection = await openSource(login, signal);
    const problems = await checkSource(connection, this.#config);
    for (const { severity, found, cure } of problems) {
      if (severity === 'warning') this.#parts.log.warn({ cure }, found);
    }
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length === 0) return;
    throw new PipelineError(
      'CDC_1001',
      errors.map(({ found, cure }) => `${found}: ${cure}`).join('\n'),
      { context: { source: this.#config.sourceId } },
    );
  }

  /** Tells of an error and waits until the next attempt is due. Rethrows what ends the daemon. */
  async #recover(cause: unknown, signal: AbortSignal): Promise<void> {
    this.#parts.onReady(false);
    if (signal.aborted) return;
    const error = sourceError(cause, this.#config.sourceId);
    this.#report(error);
    if (error.code === 'KFK_3001') {
      this.#fenced += 1;
      if (this.#fenced > MAX_FENCED) throw error;
    }
    await this.#wait(this.#waitAfter(error), signal);
  }

  #waitAfter(error: PipelineError): number {
    // A writer that was taken over while the lock is held: by `careplus snapshot`, or by a timeout.
    if (error.retryable || error.code === 'KFK_3001') return this.#backoffMs();
    return this.#waits.unretryableMs;
  }

  /** Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
  #backoffMs(): number {
    const { minMs, maxMs } = this.#waits;
    const limit = Math.min(maxMs, minMs * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * limit;
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0; left = until - performance.now()) {
      this.#parts.onProgress();
      try {
        await abortableSleep(Math.min(left, BEAT_MS), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        return;
      }
    }
  }

  /** In full when it is new; a stream that stands tells the same thing again and again. */
  #report(error: PipelineError): void {
    const { log, metrics, onTrouble } = this.#parts;
    metrics.failed(error.code);
    const { code, remedy, context, message } = error;
    onTrouble?.({ code, message });
    const level = this.#lastError === error.message ? 'debug' : error.retryable ? 'warn' : 'error';
    this.#lastError = error.message;
    log[level]({ code, remedy, context, source: this.#config.sourceId, err: error }, error.message);
  }
}

/** Why the binlog cannot be followed from a checkpoint, if so. */
export function whySnapshot(
  checkpoint: ReaderCheckpoint | undefined,
  configHash: string,
): string | undefined {
  if (checkpoint === undefined) return 'there is no checkpoint';
  if (checkpoint.phase === 'snapshot') return 'a snapshot was asked for, or broken off';
  if (checkpoint.configHash !== configHash) return 'the mapping of the table changed';
  return undefined;
}
