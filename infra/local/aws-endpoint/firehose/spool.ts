import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../durable-files.ts';
import { newSegment, recordLine, type Segment, segmentFile } from './segments.ts';

/** One group is written and synced at once; more than this waits for the next. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** Records that wait for the disk; beyond it new ones are refused. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** The spool does not take the records now; they were not accepted. */
export class SpoolUnavailable extends Error {}

export interface SpoolOptions {
  readonly folder: string;
  /** Data bytes at which a segment is full. */
  readonly maxSegmentBytes: number;
  /** Time from a segment's first record to its end; 0 ends it with the first write. */
  readonly intervalMs: number;
  /** Takes every segment that has ended. */
  readonly onSealed: (segment: Segment) => void;
  readonly onError: (error: unknown) => void;
}

interface Waiting {
  readonly lines: string;
  readonly dataBytes: number;
  readonly arrivalMs: number;
  readonly settle: PromiseWithResolvers<undefined>;
}

interface OpenSegment {
  readonly segment: Segment;
  readonly handle: FileHandle;
  readonly timer: NodeJS.Timeout;
  dataBytes: number;
}

/**
 * Accepted records on disk, in segments. Calls that wait share one write and one fdatasync (group
 * commit); a call returns when its records are durable.
 */
export class Spool {
  readonly #options: SpoolOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #current: OpenSegment | undefined;
  #isSealDue = false;
  #isClosed = false;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /**
   * Appends records as one whole.
   *
   * @param records data in base64.
   * @throws {SpoolUnavailable} and the records were not accepted, as far as is known.
   */
  async append(records: readonly string[], dataBytes: number): Promise<void> {
    if (this.#isClosed) throw new SpoolUnavailable('the stream is closing');
    if (this.#waitingBytes > MAX_WAITING_BYTES) throw new SpoolUnavailable('Slow down.');
    const arrivalMs = Date.now();
    const lines = records.map((base64) => recordLine({ arrivalMs, base64 })).join('');
    const settle = Promise.withResolvers<undefined>();
    this.#waiting.push({ lines, dataBytes, arrivalMs, settle });
    this.#waitingBytes += lines.length;
    this.#start();
    await settle.promise;
  }

  /** Writes what waits and closes the file; an unfinished segment stays on disk for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    clearTimeout(this.#current?.timer);
    await this.#current?.handle.close();
    this.#current = undefined;
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#isSealDue || this.#waiting.length > 0) {
        if (this.#isSealDue) await this.#seal();
        else await this.#store(this.#takeGroup());
      }
    } finally {
      // In the same turn as the last look at what waits, or a call in between would wait for ever.
      this.#isRunning = false;
    }
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#write(group);
      for (const { settle } of group) settle.resolve(undefined);
    } catch (cause) {
      this.#options.onError(cause);
      // What of the group is in the file, and how whole, is unknown: nothing may follow it there.
      await this.#seal();
      const error = new SpoolUnavailable('the records could not be stored', { cause });
      for (const { settle } of group) settle.reject(error);
    }
  }

  #takeGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { lines } of this.#waiting) {
      if (count > 0 && bytes + lines.length > MAX_GROUP_BYTES) break;
      bytes += lines.length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const [oldest] = group;
    if (oldest === undefined) return;
    const current = (this.#current ??= await this.#openSegment(oldest.arrivalMs));
    await current.handle.writeFile(group.map(({ lines }) => lines).join(''), 'latin1');
    await current.handle.datasync();
    for (const { dataBytes } of group) current.dataBytes += dataBytes;
    const { maxSegmentBytes, intervalMs } = this.#options;
    if (intervalMs === 0 || current.dataBytes >= maxSegmentBytes) this.#isSealDue = true;
  }

  async #openSegment(arrivalMs: number): Promise<OpenSegment> {
    const segment = newSegment(arrivalMs);
    const handle = await open(join(this.#options.folder, segmentFile(segment)), 'ax');
    await syncFolder(this.#options.folder);
    const timer = setTimeout(
      () => {
        if (this.#isClosed) return;
        this.#isSealDue = true;
        this.#start();
      },
      Math.max(0, arrivalMs + this.#options.intervalMs - Date.now()),
    );
    return { segment, handle, timer, dataBytes: 0 };
  }

  async #seal(): Promise<void> {
    this.#isSealDue = false;
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    clearTimeout(current.timer);
    try {
      await current.handle.close();
    } catch (error) {
      this.#options.onError(error);
    }
    this.#options.onSealed(current.segment);
  }
}
