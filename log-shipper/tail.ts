import { open, type FileHandle } from 'node:fs/promises';
import { namedFormat, type ShipperCheckpoint } from '../schemas/checkpoint.ts';
import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import { MAX_ENTRY_BYTES, type LogRange, type LogRangeKind } from '../schemas/log-entries.ts';
import { createLogEntryId, type LogEntryIdHash } from '../schemas/log-identity.ts';
import { LargeEntry, splitEntries, type Before, type Ending, type Span } from './entry-splitter.ts';
import {
  beginsLike,
  FINGERPRINT_BYTES,
  fingerprintOf,
  generationId,
  noFingerprint,
  type FileFacts,
  type Fingerprint,
} from './file-generation.ts';
import {
  isReadable,
  transitions,
  type GenerationEvent,
  type GenerationState,
} from './generation-transitions.ts';

/** Bytes that are looked at together; an entry that does not fit is taken in pieces. */
export const WINDOW_BYTES = 2 * MAX_ENTRY_BYTES;

/** Bytes before the place of reading by which a file is known again, beside its beginning. */
const TRACE_BYTES = 64;

/** Longer than the tick of any clock by which a file system tells times. */
const MAX_TICK_MS = 100;

export interface TailOptions {
  readonly host: string;
  readonly format: LogDataset;
  readonly path: string;
  readonly file: Omit<FileFacts, 'size'>;
  /** When the generation began (epoch ms), if not with the file. */
  readonly createdMs?: number;
  readonly checkpoint?: ShipperCheckpoint;
  /** The generation that had this path before. */
  readonly predecessor?: Tail;
}

export interface ReadResult {
  readonly ranges: readonly LogRange[];
  /** There may be more: read again. */
  readonly more: boolean;
  /** The file is shorter than before or begins otherwise: nothing was read. */
  readonly shrunk: boolean;
}

const nothing: ReadResult = { ranges: [], more: false, shrunk: false };

interface Large {
  readonly entry: LargeEntry;
  readonly hash: LogEntryIdHash;
  readonly kind: LogRangeKind;
  length: number;
}

/**
 * One generation of a file: where reading stands and what came before. It holds no bytes: what is
 * not yet decided is read again, so thousands of them cost little. {@link read} moves on at once;
 * if what it gave cannot be written, begin anew from the checkpoints.
 */
export class Tail {
  readonly #options: TailOptions;
  /** It does not change while the generation lasts: its ranges are in one topic. */
  readonly format: LogDataset;
  readonly file: Omit<FileFacts, 'size'>;
  path: string;
  predecessor: Tail | undefined;
  before: Before = { kind: 'nothing' };
  /** Size when it was last looked at. */
  seenBytes = 0;
  /** Clock time (ms) of the last change of size. */
  grownAt: number;
  /** Clock time (ms) since when no sweep finds it. */
  missingSince: number | undefined;
  /** No attempt to read it before this clock time (ms). */
  retryAt = 0;
  /** Its beginning was compared with that of the other files. */
  compared = false;
  /** Nothing more will be read of it. */
  ended = false;
  /** Clock time (ms) at which its checkpoint was last written. */
  checkpointedAt: number;
  #state: GenerationState = 'open';
  #offset = 0;
  /** End of what was looked at: the bytes from `offset` on are not yet decided. */
  #readTo = 0;
  #generation: string | undefined;
  #fingerprint: Fingerprint = noFingerprint;
  #large: Large | undefined;
  #handle: FileHandle | undefined;
  #changedNs: bigint | undefined;
  /** It was changed since it was looked at: it may hold other bytes, and be as long as before. */
  #mayDiffer = false;
  /** The last bytes that were read, and where they end. */
  #trace: { readonly bytes: Buffer; readonly end: number } = { bytes: Buffer.alloc(0), end: 0 };

  constructor(options: TailOptions, now: number) {
    const { path, format, file, checkpoint, predecessor } = options;
    this.#options = options;
    this.format = format;
    this.path = path;
    this.file = file;
    this.predecessor = predecessor;
    this.grownAt = now;
    this.checkpointedAt = now;
    if (checkpoint === undefined) return;
    const { state, offset, generation, seenBytes, identity, openEntryId, interrupted } = checkpoint;
    this.#state = state;
    this.#offset = offset;
    this.#readTo = offset;
    this.#generation = generation;
    this.#fingerprint = identity;
    this.seenBytes = seenBytes;
    if (openEntryId !== null) this.before = { kind: 'head', entryId: openEntryId };
    else if (interrupted) this.before = { kind: 'interrupted' };
  }

  get state(): GenerationState {
    return this.#state;
  }

  /** First byte that is in no range yet. */
  get offset(): number {
    return this.#offset;
  }

  /** Name of the generation, once a byte of it was seen. */
  get generation(): string | undefined {
    return this.#generation;
  }

  get fingerprint(): Fingerprint {
    return this.#fingerprint;
  }

  get isOpen(): boolean {
    return this.#handle !== undefined;
  }

  /** Bytes that were seen but are in no range. */
  get pendingBytes(): number {
    return Math.max(0, this.seenBytes - this.#offset);
  }

  /** Whether there may be bytes that {@link read} has not looked at. */
  get unread(): boolean {
    return this.#mayDiffer || this.seenBytes !== this.#readTo;
  }

  /** Takes note of what was seen of the file. */
  observe(event: GenerationEvent): void {
    this.#state = transitions[this.#state][event];
  }

  /** Takes note of the file's size; tells whether it changed. */
  grown(size: number, now: number): boolean {
    if (size === this.seenBytes) return false;
    this.seenBytes = size;
    this.grownAt = now;
    return true;
  }

  /** Takes note of the time of the file's last change (epoch ns). */
  changed(atNs: bigint): void {
    if (atNs !== this.#changedNs) this.#mayDiffer = true;
    // The clock of a file system goes in ticks: another change in this one would bear the same time.
    const isOver = Number(atNs / 1_000_000n) + MAX_TICK_MS < Date.now();
    this.#changedNs = isOver ? atNs : undefined;
  }

  /**
   * Reads at most a window and moves on behind the ranges that it gives. Their bytes are those of
   * the window: use them before the next read.
   *
   * @param ending holds only if the file has not grown since it was last looked at.
   * @throws what the file system throws.
   */
  async read(window: Buffer, ending: Ending, now: number): Promise<ReadResult> {
    if (!isReadable[this.#state]) return nothing;
    const handle = await this.#open();
    if (!handle) return nothing;
    if (!(await this.#knows(handle))) return { ...nothing, shrunk: true };
    this.#mayDiffer = false;
    if (this.#generation === undefined) return nothing;
    const position = this.#offset + (this.#large?.length ?? 0);
    const bytes = await readFully(handle, window, position);
    const full = bytes.length === window.length;
    this.#readTo = position + bytes.length;
    if (bytes.length > 0) await this.#keepTrace(handle);
    const changed = this.grown(Math.max(this.seenBytes, this.#readTo), now);
    const how = full || changed ? 'more' : ending;
    const large = this.#large;
    if (!large) return { ranges: this.#take(bytes, how, full), more: full, shrunk: false };
    const ranges = await this.#takeLarge(large, bytes, how, handle);
    // Where it ended others may begin that no longer fit in this window.
    return { ranges, more: full || ranges.length > 0, shrunk: false };
  }

  /** @returns the first bytes of the file, at most `length`. */
  async peek(length: number): Promise<Buffer> {
    const handle = await this.#open();
    return handle ? readFully(handle, Buffer.alloc(length), 0) : Buffer.alloc(0);
  }

  /** Whether a name still leads to the open file. */
  async hasName(): Promise<boolean> {
    return this.#handle !== undefined && (await this.#handle.stat()).nlink > 0;
  }

  /** Looks at the size of the open file; tells whether it changed. */
  async look(now: number): Promise<boolean> {
    if (!this.#handle) return false;
    return this.grown((await this.#handle.stat()).size, now);
  }

  /** Place of everything that {@link read} has given; undefined while there is nothing to tell. */
  checkpoint(nowMs: number): ShipperCheckpoint | undefined {
    if (this.#generation === undefined) return undefined;
    const { before } = this;
    return {
      version: 1,
      host: this.#options.host,
      generation: this.#generation,
      path: this.path,
      ...namedFormat(this.format),
      offset: this.#offset,
      generationStart: 0,
      identity: {
        device: this.file.device,
        inode: this.file.inode,
        birthMs: this.file.birthMs,
        ...this.#fingerprint,
      },
      state: this.#state,
      openEntryId: before.kind === 'head' ? before.entryId : null,
      interrupted: before.kind === 'interrupted',
      seenBytes: this.seenBytes,
      writtenAtMs: nowMs,
    };
  }

  /** Closes the file; the next read opens it again. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  /** @returns undefined when the path leads to another file by now, or to none. */
  async #open(): Promise<FileHandle | undefined> {
    if (this.#handle) return this.#handle;
    let handle: FileHandle;
    try {
      handle = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const { ino, birthtimeMs } = await handle.stat({ bigint: true });
    const { inode, birthMs } = this.file;
    if (String(ino) !== inode || (birthMs > 0 && Number(birthtimeMs) !== birthMs)) {
      await handle.close();
      return undefined;
    }
    this.#handle = handle;
    return handle;
  }

  /**
   * Whether the file still is what it was at its beginning and where reading stands; takes the
   * fingerprint further as the file grows.
   */
  async #knows(handle: FileHandle): Promise<boolean> {
    const head = await readFully(handle, Buffer.alloc(FINGERPRINT_BYTES), 0);
    if (!beginsLike(head, this.#fingerprint)) return false;
    const { bytes, end } = this.#trace;
    const found = await readFully(handle, Buffer.alloc(bytes.length), end - bytes.length);
    if (!found.equals(bytes)) return false;
    if (head.length > this.#fingerprint.fingerprintBytes) this.#fingerprint = fingerprintOf(head);
    const { createdMs, file } = this.#options;
    if (head.length > 0) {
      const created = createdMs ?? (file.birthMs > 0 ? file.birthMs : Date.now());
      this.#generation ??= generationId(created, file.inode, head);
    }
    return true;
  }

  async #keepTrace(handle: FileHandle): Promise<void> {
    const end = this.#readTo;
    const length = Math.min(TRACE_BYTES, end);
    this.#trace = { bytes: await readFully(handle, Buffer.alloc(length), end - length), end };
  }

  #take(bytes: Buffer, ending: Ending, full: boolean): LogRange[] {
    const { framing } = this.format;
    const { spans, consumed, before, open } = splitEntries(bytes, {
      framing,
      ending,
      full,
      before: this.before.kind,
      atFileStart: this.#offset === 0,
    });
    const ranges = spans.map((span) => this.#range(bytes, span));
    this.#settle(before, ranges.at(-1)?.entry_id ?? '');
    this.#offset += consumed;
    if (full && consumed === 0 && open !== undefined) {
      const hash = createLogEntryId(this.#options.host);
      const large = { entry: new LargeEntry(framing), hash, kind: open, length: 0 };
      this.#large = large;
      const { text, consumed: taken } = large.entry.push(bytes, 'more');
      hash.update(bytes.subarray(0, text));
      large.length = taken;
    }
    return ranges;
  }

  #range(bytes: Buffer, { start, end, kind, textEnd }: Span): LogRange {
    const place = { offset: this.#offset + start, length: end - start, kind };
    if (kind === 'filler') {
      return { ...place, entry_id: '', bytes: Buffer.alloc(0), truncated: false };
    }
    const hash = createLogEntryId(this.#options.host);
    hash.update(bytes.subarray(start, textEnd));
    const truncated = place.length > MAX_ENTRY_BYTES;
    const kept = bytes.subarray(start, truncated ? start + MAX_ENTRY_BYTES : end);
    return { ...place, entry_id: this.#entryId(kind, hash), bytes: kept, truncated };
  }

  async #takeLarge(
    large: Large,
    bytes: Buffer,
    ending: Ending,
    handle: FileHandle,
  ): Promise<LogRange[]> {
    const { text, consumed, ended, interrupted } = large.entry.push(bytes, ending);
    large.hash.update(bytes.subarray(0, text));
    large.length += consumed;
    if (!ended) return [];
    const kind = interrupted && ending === 'cut' && large.kind === 'entry' ? 'head' : large.kind;
    const beginning = await readFully(handle, Buffer.alloc(MAX_ENTRY_BYTES), this.#offset);
    const entry_id = this.#entryId(large.kind, large.hash);
    const after = ending === 'cut' ? 'head' : 'interrupted';
    this.#settle(interrupted ? after : 'nothing', entry_id);
    const { length } = large;
    const range = {
      offset: this.#offset,
      length,
      kind,
      entry_id,
      bytes: beginning,
      truncated: true,
    };
    this.#offset += length;
    this.#large = undefined;
    return [range];
  }

  /** The second part of an entry has the id of the first. */
  #entryId(kind: LogRangeKind, hash: LogEntryIdHash): string {
    if (kind === 'tail' && this.before.kind === 'head') return this.before.entryId;
    return hash.digest();
  }

  #settle(kind: Before['kind'], lastEntryId: string): void {
    if (kind !== 'head') this.before = { kind };
    else if (lastEntryId !== '') this.before = { kind, entryId: lastEntryId };
  }
}

/** Reads until the buffer is full or the file ends. */
async function readFully(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(
      buffer,
      length,
      buffer.length - length,
      position + length,
    );
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
