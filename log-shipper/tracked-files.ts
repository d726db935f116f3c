import { formatNameOf, type ShipperCheckpoint } from '../schemas/checkpoint.ts';
import { findLogDataset } from '../schemas/datasets/registry.ts';
import type { Discovery, FoundFile } from './file-discovery.ts';
import { fileKey, FINGERPRINT_BYTES } from './file-generation.ts';
import { isReadable, lastRecord } from './generation-transitions.ts';
import { Tail } from './tail.ts';

/** A sweep may miss a file that is just being renamed: so long it must be missing to be gone. */
const MISSING_MS = 1_000;
/** A file that was moved out of sight is read until it has not grown for so long. */
const OUT_OF_SIGHT_MS = 60_000;
/** Files whose beginnings are remembered, to tell copies. */
const MAX_BEGINNINGS = 10_000;

export interface TrackedFilesOptions {
  readonly host: string;
  readonly idleFlushMs: number;
  /** Files that are kept open at most; beyond that those are closed that grew least recently. */
  readonly maxOpenFiles: number;
}

/**
 * The files of a host as generations: which are new, grew, were renamed, truncated or removed, and
 * of which there is something to read.
 */
export class TrackedFiles {
  readonly #options: TrackedFilesOptions;
  readonly #byKey = new Map<string, Tail>();
  /** Paths of files by their beginning, those that ended among them. */
  readonly #beginnings = new Map<string, string>();
  /** Generations with something to read, in the order in which they are due. */
  readonly #ready = new Set<Tail>();
  /** Whose files are open, as far as {@link wasRead} and the last sweep know. */
  #open = new Set<Tail>();

  /** @param checkpoints the newest one of each generation of the host. */
  constructor(options: TrackedFilesOptions, checkpoints: Iterable<ShipperCheckpoint>, now: number) {
    this.#options = options;
    for (const checkpoint of checkpoints) {
      const { identity: file, path, state, offset, seenBytes } = checkpoint;
      const isOver = !isReadable[state] || state === 'gone';
      if (isOver && lastRecord(offset, seenBytes) === 'evidence') continue;
      const format = findLogDataset(formatNameOf(checkpoint));
      // Of a format that is no more: what is not known cannot be gone on with.
      if (!format) continue;
      const tail = new Tail({ host: options.host, format, path, file, checkpoint }, now);
      this.#byKey.set(fileKey(file), tail);
      this.originalOf(tail);
    }
  }

  /** All generations that may still be read. */
  get tails(): Iterable<Tail> {
    return this.#byKey.values();
  }

  /** How many files are tailed, and how many of their bytes are in no range yet. */
  totals(): { readonly files: number; readonly pendingBytes: number } {
    let pendingBytes = 0;
    for (const tail of this.tails) pendingBytes += tail.pendingBytes;
    return { files: this.#byKey.size, pendingBytes };
  }

  /**
   * Takes note of everything that a sweep found.
   *
   * @returns the generations that ended: overwritten, or gone.
   */
  async sweep({ files, problems }: Discovery, now: number): Promise<Tail[]> {
    const byPath = new Map(Array.from(this.tails, (tail) => [tail.path, tail]));
    const found = new Set<Tail>();
    const ended: Tail[] = [];
    for (const file of files) {
      const known = this.#byKey.get(fileKey(file));
      if (known && file.size < known.seenBytes) {
        ended.push(known);
        found.add(this.overwritten(known, file.path, now));
      } else {
        found.add(known ?? this.#track(file, byPath.get(file.path), now));
      }
      this.#see(file, now);
    }
    for (const tail of this.tails) {
      if (found.has(tail)) continue;
      // What cannot be looked at is not known to be gone.
      const hidden = problems.some(({ path }) => tail.path.startsWith(path));
      if (!hidden && (await this.#isOver(tail, now))) ended.push(tail);
    }
    for (const tail of ended) await this.#end(tail);
    this.#open = new Set(Array.from(this.tails).filter((tail) => tail.isOpen));
    await this.#limitOpenFiles();
    return ended;
  }

  /** @returns the generation that is due next; it is due no more. */
  take(): Tail | undefined {
    const [next] = this.#ready;
    if (next) this.#ready.delete(next);
    return next;
  }

  /** There is more to read of it; the others come first. */
  again(tail: Tail): void {
    this.#ready.add(tail);
  }

  /** Between two sweeps, too, only so many files stay open. */
  async wasRead(tail: Tail): Promise<void> {
    if (!tail.isOpen) return;
    this.#open.add(tail);
    await this.#limitOpenFiles();
  }

  /** Whether its end is to be shipped as it stands, unless it has grown meanwhile. */
  isQuiet(tail: Tail, now: number): boolean {
    return now - tail.grownAt >= this.#options.idleFlushMs;
  }

  /** @returns the new generation that began in a file when it was truncated or overwritten. */
  overwritten(tail: Tail, path: string, now: number): Tail {
    tail.observe('shrunk');
    tail.ended = true;
    this.#ready.delete(tail);
    const { host } = this.#options;
    const { file, format } = tail;
    const next = new Tail({ host, format, path, file, createdMs: Date.now() }, now);
    this.#byKey.set(fileKey(file), next);
    this.#ready.add(next);
    return next;
  }

  /** @returns path of another file that begins exactly like this one; tells it once. */
  originalOf(tail: Tail): string | undefined {
    const { fingerprint, fingerprintBytes } = tail.fingerprint;
    if (tail.compared || fingerprintBytes < FINGERPRINT_BYTES) return undefined;
    tail.compared = true;
    const known = this.#beginnings.get(fingerprint);
    if (known !== undefined) return known;
    const [oldest] = this.#beginnings.keys();
    if (this.#beginnings.size >= MAX_BEGINNINGS && oldest) this.#beginnings.delete(oldest);
    this.#beginnings.set(fingerprint, tail.path);
    return undefined;
  }

  #track(file: FoundFile, predecessor: Tail | undefined, now: number): Tail {
    const { host } = this.#options;
    const { path, format } = file;
    const tail = new Tail({ host, format, path, file, ...(predecessor && { predecessor }) }, now);
    this.#byKey.set(fileKey(file), tail);
    return tail;
  }

  #see(file: FoundFile, now: number): void {
    const tail = this.#byKey.get(fileKey(file));
    if (!tail) return;
    tail.missingSince = undefined;
    tail.observe(tail.path === file.path ? 'present' : 'moved');
    tail.path = file.path;
    tail.grown(file.size, now);
    tail.changed(file.changedNs);
    this.#queue(tail, now);
  }

  #queue(tail: Tail, now: number): void {
    const due = tail.unread || (tail.pendingBytes > 0 && this.isQuiet(tail, now));
    if (due && now >= tail.retryAt) this.#ready.add(tail);
  }

  /** Looks after a file that the sweep did not find; tells whether its generation has ended. */
  async #isOver(tail: Tail, now: number): Promise<boolean> {
    tail.missingSince ??= now;
    const missingMs = now - tail.missingSince;
    if (!tail.isOpen) {
      if (missingMs < MISSING_MS) return false;
      tail.observe('unlinked');
      return true;
    }
    tail.observe((await tail.hasName()) ? 'moved' : 'unlinked');
    await tail.look(now);
    this.#queue(tail, now);
    if (missingMs < MISSING_MS || tail.pendingBytes > 0) return false;
    return tail.state === 'gone' ? this.isQuiet(tail, now) : now - tail.grownAt >= OUT_OF_SIGHT_MS;
  }

  async #end(tail: Tail): Promise<void> {
    tail.ended = true;
    this.#ready.delete(tail);
    const key = fileKey(tail.file);
    if (this.#byKey.get(key) === tail) this.#byKey.delete(key);
    await tail.close();
  }

  async #limitOpenFiles(): Promise<void> {
    const surplus = this.#open.size - this.#options.maxOpenFiles;
    if (surplus <= 0) return;
    const open = [...this.#open].sort((a, b) => a.grownAt - b.grownAt);
    for (const tail of open.slice(0, surplus)) {
      if (tail.pendingBytes > 0 || tail.missingSince !== undefined) continue;
      this.#open.delete(tail);
      await tail.close();
    }
  }

  /** Closes all files. */
  async close(): Promise<void> {
    for (const tail of this.tails) await tail.close();
  }
}
