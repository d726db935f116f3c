import { abortableSleep } from '../runtime/abortable-wait.ts';
import type { WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { Progress } from '../runtime/daemon/progress.ts';
import type { CheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import type { TransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText, findPipelineError } from '../runtime/pipeline-error.ts';
import type { ShipperCheckpoint } from '../schemas/checkpoint.ts';
import { logBlockSchema } from '../schemas/log-entries.ts';
import type { ShipperConfig } from './config.ts';
import { createBlockEncoder } from './entry-records.ts';
import { discoverFiles } from './file-discovery.ts';
import { FileReader } from './file-reader.ts';
import { FolderWatch } from './folder-watch.ts';
import { maxOpenFiles } from './open-file-limit.ts';
import { Shipment } from './shipment.ts';
import type { ShipperMetrics } from './shipper-metrics.ts';
import { acquireShipperLock } from './shipper-lock.ts';
import { TrackedFiles } from './tracked-files.ts';

export interface HostShipperParts {
  readonly writer: TransactionalWriter;
  readonly store: CheckpointStore<ShipperCheckpoint>;
  readonly schemas: WriterSchemas;
  readonly metrics: ShipperMetrics;
  readonly progress: Progress;
  readonly log: Logger;
}

/** Files are looked at so often, whether anything tells of a change or not. */
const SWEEP_MS = 250;
/** Least time between two looks. */
const MIN_SWEEP_MS = 10;
/** A look takes at most this share of the time: with many thousand files they become rarer. */
const SWEEP_SHARE = 0.1;
/** How often the checkpoint of a quiet file is written again; later if there are many files. */
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_MS_PER_FILE = 20;
const HEARTBEATS_AT_ONCE = 200;

const RETRY_MS = { min: 100, max: 10_000 } as const;
/** An attempt that held for so long was a good one. */
const GOOD_ATTEMPT_MS = 60_000;
const BEAT_MS = 5_000;

/** Brings the log files of one host into their topics, and is the only one that does. */
export class HostShipper {
  readonly #config: ShipperConfig;
  readonly #parts: HostShipperParts;
  readonly #told = new Map<string, string>();
  #failures = 0;

  constructor(config: ShipperConfig, parts: HostShipperParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /**
   * Ships until the signal aborts, then writes what it has read and resolves.
   *
   * @throws {PipelineError} KFK_3001 when another instance has taken over.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, progress } = this.#parts;
    const { host, cluster } = this.#config;
    const onWaiting = () => progress.beat();
    const lock = await acquireShipperLock({ host, cluster, log, onWaiting }, signal);
    try {
      while (!signal.aborted) {
        const startedAt = performance.now();
        try {
          await this.#attempt(signal);
        } catch (error) {
          if (performance.now() - startedAt > GOOD_ATTEMPT_MS) this.#failures = 0;
          await this.#recover(error, signal);
        }
      }
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  /** From the last checkpoints on. Rejects when a write fails: the state is then unknown. */
  async #attempt(signal: AbortSignal): Promise<void> {
    const { log, metrics } = this.#parts;
    const { host, idleFlushMs } = this.#config;
    const checkpoints = await this.#whileBeating(() => this.#readCheckpoints(signal));
    log.info({ host, generations: checkpoints.length }, 'shipping');
    const options = { host, idleFlushMs, maxOpenFiles: maxOpenFiles() };
    const files = new TrackedFiles(options, checkpoints, performance.now());
    const reader = new FileReader({ files, metrics, log, told: this.#told });
    using watch = new FolderWatch(log);
    try {
      await this.#ship({ files, reader, watch }, signal);
    } finally {
      await files.close();
    }
  }

  async #ship(
    { files, reader, watch }: { files: TrackedFiles; reader: FileReader; watch: FolderWatch },
    signal: AbortSignal,
  ): Promise<void> {
    const { metrics, progress } = this.#parts;
    const create = this.#shipments();
    let shipment = create();
    let writing: Promise<void> = Promise.resolve();
    let restMs = 0;
    let nextSweepAt = 0;
    while (!signal.aborted) {
      progress.beat();
      const now = performance.now();
      if (now >= nextSweepAt) {
        const discovery = discoverFiles(this.#config.sets);
        restMs = Math.max(MIN_SWEEP_MS, (performance.now() - now) / SWEEP_SHARE);
        nextSweepAt = now + restMs;
        watch.follow(discovery.folders);
        await reader.sweep(discovery, shipment, now);
        addHeartbeats(files, shipment, now);
        const totals = files.totals();
        metrics.setFiles(totals.files, totals.pendingBytes);
      }
      await reader.fill(shipment, now);
      if (!shipment.isEmpty) {
        await writing;
        writing = this.#write(shipment, now);
        writing.catch(() => undefined);
        shipment = create();
        continue;
      }
      await writing;
      progress.setReady(true);
      // A change is looked at as soon as the last look has been rested from.
      await watch.changed(Math.max(SWEEP_MS, restMs), signal);
      const rest = nextSweepAt - performance.now();
      if (rest > 0) await abortableSleep(rest, signal).catch(() => undefined);
    }
    await writing;
  }

  #shipments(): () => Shipment {
    const { store } = this.#parts;
    const { host } = this.#config;
    const encode = createBlockEncoder();
    return () => new Shipment({ host, store, encode });
  }

  /** What was read is written also when the daemon is to stop: its grace time bounds it. */
  async #write(shipment: Shipment, now: number): Promise<void> {
    const { writer, metrics } = this.#parts;
    await writer.write(shipment.records(now), new AbortController().signal);
    metrics.blocksWritten(shipment.blocks);
  }

  /** Fences older instances, then reads what they committed last. */
  async #readCheckpoints(signal: AbortSignal): Promise<ShipperCheckpoint[]> {
    const { writer, store, schemas } = this.#parts;
    const { host } = this.#config;
    await writer.open(signal);
    await schemas.publish(writer, logBlockSchema, signal);
    // The marker comes back behind everything that older instances committed.
    await store.recover(host, writer, signal);
    const newest = await store.readLatest((key) => key.startsWith(`${host}/`), signal);
    return [...newest.values()].filter((checkpoint) => checkpoint.host === host);
  }

  async #whileBeating<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => this.#parts.progress.beat(), BEAT_MS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** Tells of an error and waits until the next attempt is due. Rethrows what ends the daemon. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { log, metrics, progress } = this.#parts;
    progress.setReady(false);
    if (signal.aborted) return;
    const known = findPipelineError(error);
    // What the Kafka client throws by itself is a failure of the network.
    const fatal = known ? !known.retryable : error instanceof TypeError;
    if (fatal) throw error;
    metrics.failed(known?.code ?? 'KFK_3002');
    log.warn({ code: known?.code, remedy: known?.remedy, err: error }, errorText(error));
    progress.beat();
    const limit = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** this.#failures);
    this.#failures += 1;
    await abortableSleep(Math.random() * limit, signal).catch(() => undefined);
  }
}

/** Quiet files tell from time to time that they are still looked at, the oldest news first. */
function addHeartbeats(files: TrackedFiles, shipment: Shipment, now: number): void {
  const tails = [...files.tails];
  const intervalMs = Math.max(HEARTBEAT_MS, tails.length * HEARTBEAT_MS_PER_FILE);
  const due = tails.filter((tail) => now - tail.checkpointedAt >= intervalMs);
  for (const tail of due.slice(0, HEARTBEATS_AT_ONCE)) shipment.touch(tail);
}
