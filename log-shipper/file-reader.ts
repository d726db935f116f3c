import type { Logger } from '../runtime/observability/log.ts';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
import {
  BYTE_ORDER_MARK,
  MAX_FRAMING_LINE,
  type LogFraming,
} from '../schemas/datasets/log-framing.ts';
import type { ErrorCodeName } from '../schemas/error-codes.ts';
import type { Discovery } from './file-discovery.ts';
import type { Ending } from './entry-splitter.ts';
import type { Shipment } from './shipment.ts';
import type { ShipperMetrics } from './shipper-metrics.ts';
import { WINDOW_BYTES, type Tail } from './tail.ts';
import type { TrackedFiles } from './tracked-files.ts';

export interface FileReaderParts {
  readonly files: TrackedFiles;
  readonly metrics: ShipperMetrics;
  readonly log: Logger;
  /** Where problems are remembered that were told: longer than this reader lives. */
  readonly told: Map<string, string>;
}

/** A file that could not be read is tried again after this time. */
const RETRY_MS = 5_000;
const MAX_TOLD = 10_000;

/**
 * Reads what is new in the files, a window of each in turn. What goes wrong with one file is told
 * and delays no other.
 */
export class FileReader {
  readonly #parts: FileReaderParts;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);

  constructor(parts: FileReaderParts) {
    this.#parts = parts;
  }

  /** Takes note of a sweep; generations that ended get their last record. */
  async sweep(discovery: Discovery, shipment: Shipment, now: number): Promise<void> {
    for (const { path, error } of discovery.problems) this.#unreadable(path, error);
    for (const path of discovery.compressed) {
      if (this.#isNew(path, 'compressed')) {
        this.#parts.log.info({ path }, 'a compressed file is left out');
      }
    }
    for (const tail of await this.#parts.files.sweep(discovery, now)) this.#ended(tail, shipment);
  }

  /** Reads until the shipment is full or nothing is left to read. */
  async fill(shipment: Shipment, now: number): Promise<void> {
    while (!shipment.isFull) {
      const tail = this.#parts.files.take();
      if (!tail) return;
      try {
        if (tail.predecessor && !(await this.#follow(tail, tail.predecessor, shipment, now))) {
          continue;
        }
        await this.#read(tail, this.#ending(tail, now), shipment, now);
        await this.#parts.files.wasRead(tail);
        this.#parts.told.delete(tail.path);
      } catch (error) {
        tail.retryAt = now + RETRY_MS;
        this.#unreadable(tail.path, error);
      }
    }
  }

  #ending(tail: Tail, now: number): Ending {
    if (!this.#parts.files.isQuiet(tail, now)) return 'more';
    return tail.state === 'gone' ? 'end' : 'idle';
  }

  async #read(tail: Tail, ending: Ending, shipment: Shipment, now: number): Promise<void> {
    const { files, metrics } = this.#parts;
    const isFirst = tail.generation === undefined;
    const { ranges, more, shrunk } = await tail.read(this.#window, ending, now);
    if (shrunk) {
      files.overwritten(tail, tail.path, now);
      this.#ended(tail, shipment);
      await tail.close();
      return;
    }
    metrics.read(ranges);
    shipment.add(tail, ranges, Date.now());
    // From its first byte on a file is known by its checkpoint.
    if (isFirst) shipment.touch(tail);
    if (more) files.again(tail);
    const original = files.originalOf(tail);
    if (original !== undefined) {
      const text = `${tail.path} begins like ${original} did: it is read as a file of its own`;
      this.#report('LOG_2003', tail.path, text);
    }
  }

  /**
   * Before a new file is read, the one that had its name must be read to its end: an entry may have
   * been cut between them.
   *
   * @returns whether the new file may be read now.
   */
  async #follow(tail: Tail, predecessor: Tail, shipment: Shipment, now: number): Promise<boolean> {
    try {
      if (!(await this.#finish(predecessor, tail, shipment, now))) return false;
    } catch (error) {
      // What is wrong with the old file does not delay the new one.
      predecessor.retryAt = now + RETRY_MS;
      this.#unreadable(predecessor.path, error);
    }
    // No entry begins in one format and ends in another.
    if (tail.format === predecessor.format) tail.before = predecessor.before;
    tail.predecessor = undefined;
    return true;
  }

  /** @returns whether all that is in the file now has been read. */
  async #finish(tail: Tail, successor: Tail, shipment: Shipment, now: number): Promise<boolean> {
    if (!tail.ended) await this.#read(tail, 'more', shipment, now);
    // It may have been overwritten before it lost its name.
    if (tail.ended) return true;
    if (tail.unread) return false;
    if (tail.pendingBytes === 0) return true;
    const { framing } = successor.format;
    const isCut =
      successor.format === tail.format &&
      beginsWithText(framing, await successor.peek(MAX_FRAMING_LINE));
    if (isCut === undefined) return false;
    await this.#read(tail, isCut ? 'cut' : 'end', shipment, now);
    return tail.pendingBytes === 0;
  }

  #ended(tail: Tail, shipment: Shipment): void {
    const { path, state, pendingBytes, offset, generation = '' } = tail;
    shipment.end(tail);
    const missing = `${pendingBytes} bytes from ${offset} on were not shipped`;
    if (state === 'truncated') {
      this.#report('LOG_2002', path, `${path} was truncated or overwritten; ${missing}`);
    } else if (pendingBytes > 0) {
      this.#report('LOG_2004', path, `${path} was removed; ${missing}`);
    } else {
      this.#parts.log.info({ path, generation, state }, 'a file has ended');
    }
  }

  #unreadable(path: string, cause: unknown): void {
    const text = `${path} cannot be read: ${errorText(cause)}`;
    if (this.#isNew(path, text)) this.#report('LOG_2001', path, text, cause);
  }

  #report(code: ErrorCodeName, path: string, text: string, cause?: unknown): void {
    const { log, metrics } = this.#parts;
    const error = new PipelineError(code, text, { cause, context: { path } });
    metrics.failed(code);
    log.warn({ code, remedy: error.remedy, path, err: error }, text);
  }

  #isNew(path: string, what: string): boolean {
    const { told } = this.#parts;
    if (told.get(path) === what) return false;
    if (told.size >= MAX_TOLD) told.clear();
    told.set(path, what);
    return true;
  }
}

/** Whether a file begins with the rest of an entry; undefined while too little is there to tell. */
function beginsWithText({ classifyLine }: LogFraming, head: Buffer): boolean | undefined {
  const { length } = BYTE_ORDER_MARK;
  const from = head.subarray(0, length).equals(BYTE_ORDER_MARK) ? length : 0;
  const newline = head.indexOf('\n', from);
  const end = newline < 0 ? head.length : newline;
  const kind = classifyLine(head, from, end, newline >= 0);
  return kind === undefined ? undefined : kind === 'text';
}
