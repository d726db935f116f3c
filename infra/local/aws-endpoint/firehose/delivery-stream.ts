import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncFolder } from '../durable-files.ts';
import type { EndpointStats } from '../endpoint-stats.ts';
import { DELIVER, type Faults, type ServiceFault } from '../faults.ts';
import type { ObjectStore } from '../s3/object-store.ts';
import { compileDelivery } from './delivery.ts';
import type { ParquetConverter } from './parquet-converter.ts';
import { parseSegmentFile, type Segment, segmentFile } from './segments.ts';
import { Spool } from './spool.ts';
import type { StreamConfig } from './stream-config.ts';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** What all streams of one endpoint share. */
export interface DeliveryParts {
  readonly store: ObjectStore;
  readonly converter: ParquetConverter;
  readonly faults: Faults;
  readonly stats: EndpointStats;
  readonly onError: (error: unknown) => void;
}

interface Due {
  readonly segment: Segment;
  /** Drawn when the segment first came up. */
  readonly fault: ServiceFault | undefined;
}

/** One delivery stream at work: its spool, and the delivery of the segments that have ended. */
export class DeliveryStream {
  readonly config: StreamConfig;
  readonly #parts: DeliveryParts;
  readonly #spoolFolder: string;
  readonly #deliver: ReturnType<typeof compileDelivery>;
  readonly #spool: Spool;
  readonly #stopping = new AbortController();
  readonly #due: Due[] = [];
  #isDelivering = false;
  #delivering: Promise<void> = Promise.resolve();

  private constructor(config: StreamConfig, folder: string, parts: DeliveryParts) {
    this.config = config;
    this.#parts = parts;
    this.#spoolFolder = join(folder, 'spool');
    const { store, converter } = parts;
    this.#deliver = compileDelivery({
      config,
      spoolFolder: this.#spoolFolder,
      workFolder: join(folder, 'work'),
      store,
      converter,
    });
    this.#spool = new Spool({
      folder: this.#spoolFolder,
      maxSegmentBytes: config.bufferBytes,
      intervalMs: config.intervalMs,
      onSealed: (segment) => this.#comeUp(segment),
      onError: parts.onError,
    });
  }

  /** Opens a stream on its folder; segments that an earlier process has left are delivered now. */
  static async open(
    config: StreamConfig,
    folder: string,
    parts: DeliveryParts,
  ): Promise<DeliveryStream> {
    await rm(join(folder, 'work'), { recursive: true, force: true });
    for (const name of ['spool', 'work']) await mkdir(join(folder, name), { recursive: true });
    await syncFolder(folder);
    const stream = new DeliveryStream(config, folder, parts);
    for (const name of (await readdir(stream.#spoolFolder)).sort()) {
      const segment = parseSegmentFile(name);
      if (segment !== undefined) stream.#comeUp(segment);
    }
    return stream;
  }

  /**
   * Accepts records; they are durable when the call returns.
   *
   * @throws {SpoolUnavailable} where they are not accepted.
   */
  put(records: readonly string[], dataBytes: number): Promise<void> {
    return this.#spool.append(records, dataBytes);
  }

  /** Ends after the delivery under way. What is not delivered stays in the spool. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#spool.close();
    await this.#delivering;
  }

  #comeUp(segment: Segment): void {
    const { name } = this.config;
    const fault = this.#parts.faults.next(DELIVER, name);
    if (fault?.action === 'delay-object') void this.#comeUpLate(segment, fault.ms);
    else this.#enqueue({ segment, fault });
  }

  async #comeUpLate(segment: Segment, ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#stopping.signal });
    } catch {
      return;
    }
    this.#enqueue({ segment, fault: undefined });
  }

  #enqueue(due: Due): void {
    this.#due.push(due);
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    this.#delivering = this.#deliverAll();
  }

  async #deliverAll(): Promise<void> {
    try {
      for (;;) {
        const due = this.#due.shift();
        if (due === undefined || this.#stopping.signal.aborted) return;
        await this.#deliverUntilDone(due);
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  /** As Firehose does, a segment is tried until it is delivered, and the ones behind it wait. */
  async #deliverUntilDone({ segment, fault }: Due): Promise<void> {
    const { stats, onError } = this.#parts;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      try {
        const counts = await this.#deliver(segment, fault);
        if (fault?.action === 'crash-after-upload') process.kill(process.pid, 'SIGKILL');
        await rm(join(this.#spoolFolder, segmentFile(segment)));
        await syncFolder(this.#spoolFolder);
        stats.countDelivery(this.config.name, counts);
        return;
      } catch (error) {
        onError(error);
      }
      try {
        await sleep(retryMs, undefined, { signal: this.#stopping.signal });
      } catch {
        return;
      }
    }
  }
}
