import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { MAX_ENTRY_BYTES } from '../../schemas/log-entries.ts';
import { logEntryId } from '../../schemas/log-identity.ts';
import { expectationOf } from './expectation.ts';
import type { DifferenceKind, DifferenceList, DifferenceValue } from './differences.ts';
import type { FilePiece } from './log-splitting.ts';
import type { SourceImage } from './source-reading.ts';

/** A range that the warehouse says was read. */
export interface Arrival {
  readonly pos: number;
  readonly len: number;
  /** `E` an entry, `F` filler, `P` the second part of an entry, `X` an unreadable block. */
  readonly kind: string;
  readonly entryId: string;
}

/** What one file holds and what the warehouse says was read of it. */
interface FileSides {
  readonly path: string;
  readonly size: number;
  readonly pieces: AsyncIterable<FilePiece> | Iterable<FilePiece>;
  /** Byte at which its reading began. */
  readonly start: number;
  /** Byte up to which it is covered. */
  readonly upto: number;
  /** In the order of the file. */
  readonly arrivals: readonly Arrival[];
}

/** A distinct entry; its key is the place where it stands first. */
type LogImage = { -readonly [Field in keyof SourceImage]: SourceImage[Field] };

/** All that the files hold. */
export interface LogReading {
  /** By entry id. */
  readonly images: Map<string, LogImage>;
  /**
   * Reasons that an entry may have instead of its verdict, because how it was cut cannot be seen
   * from the file alone.
   */
  readonly otherReasons: ReadonlyMap<string, readonly string[]>;
  /** Entries by id that were written after the files were listed. */
  readonly later: ReadonlyMap<string, number>;
  /** Entries of unreadable blocks, by day. */
  readonly deadLettered: ReadonlyMap<string, number>;
  /** Entries that were read in parts, for the file rested in the middle of them. */
  readonly cut: number;
  /** Ranges that are wrong. */
  readonly wrong: number;
}

export interface LogReader {
  /** Reads one file and sets its entries against the ranges that were read. */
  add(file: FileSides): Promise<void>;
  /** An entry of a file that is newer than the listing. */
  addLater(entryId: string, copies: number): void;
  finish(): LogReading;
}

/**
 * Reads log files as a multiset of entries, judged by the current rules, and checks that the ranges
 * which the warehouse has taken in tile each file and are its entries. Own splitting and counting;
 * identity and rules are shared with the pipeline.
 */
export function createLogReader(options: {
  readonly dataset: LogDataset;
  readonly host: string;
  readonly differences: DifferenceList;
}): LogReader {
  const { dataset, host, differences } = options;
  const images = new Map<string, LogImage>();
  const otherReasons = new Map<string, string[]>();
  const later = new Map<string, number>();
  const deadLettered = new Map<string, number>();
  let cut = 0;
  let wrong = 0;

  const differ = (
    kind: DifferenceKind,
    key: string,
    ...values: [DifferenceValue, DifferenceValue]
  ) => {
    wrong += 1;
    differences.add({ kind, key, expected: values[0], found: values[1] });
  };

  const addLater = (entryId: string, copies: number) => {
    later.set(entryId, (later.get(entryId) ?? 0) + copies);
  };

  const count = (bytes: Buffer, place: string, mayBe: readonly string[]): string => {
    const id = logEntryId(dataset.framing, host, bytes);
    const known = images.get(id);
    if (known) known.copies += 1;
    else images.set(id, { key: place, copies: 1, latest: true, ...judged(dataset, bytes) });
    if (mayBe.length > 0) {
      const { expected = '', accepted = false } = images.get(id) ?? {};
      const reasons = accepted ? '' : `${expected},`;
      const listed = mayBe.map((reason) => (reason === CONTINUED ? reasons + reason : reason));
      otherReasons.set(id, [...(otherReasons.get(id) ?? []), ...listed]);
    }
    return id;
  };

  const addEntry = (
    { entry, offset, isFirst }: { entry: Buffer; offset: number; isFirst: boolean },
    all: readonly Arrival[],
    file: FileSides,
  ) => {
    const end = offset + entry.length;
    const place = `${path.basename(file.path)}:${offset}`;
    const parts = all.filter(({ kind }) => kind !== 'X');
    const last = parts.at(-1);
    // Readable ranges over an unreadable block have repaired it.
    if (parts.length < all.length && (last === undefined || last.pos + last.len < end)) {
      const { day } = judged(dataset, entry);
      deadLettered.set(day, (deadLettered.get(day) ?? 0) + 1);
      return;
    }
    if (last && last.pos + last.len > end) {
      // The writer was in the middle of it when the files were listed.
      if (end === file.size) for (const each of parts.filter(isEntry)) addLater(each.entryId, 1);
      else {
        differ('wrong-range', place, entry.length, last.pos + last.len - offset);
        count(entry, place, []);
      }
      return;
    }
    const entries = parts.filter(({ kind }) => kind === 'E' || kind === 'P');
    const [first] = entries;
    if (entries.length > 1 || (first && first.pos !== offset)) {
      cut += 1;
      for (const part of entries.filter(isEntry)) {
        const bytes = entry.subarray(Math.max(0, part.pos - offset), part.pos + part.len - offset);
        const id = count(bytes, `${path.basename(file.path)}:${part.pos}`, [CONTINUED, HEAD]);
        if (id !== part.entryId) differ('wrong-entry-id', place, id, part.entryId);
      }
      return;
    }
    // The second part of an entry that the file before ended with counts with its first.
    if (first?.kind === 'P') return;
    const id = count(entry, place, [
      // It may go on with what the file before rested in, which was shipped as it stood.
      ...(isFirst ? [CONTINUED] : []),
      ...(end === file.size ? [HEAD] : []),
    ]);
    if (first && id !== first.entryId) differ('wrong-entry-id', place, id, first.entryId);
  };

  return {
    addLater,
    async add(file) {
      for (const { at, kind, bytes } of untiled(file)) {
        const place = `${path.basename(file.path)}:${at}`;
        differ(kind, place, kind === 'missing-range' ? bytes : 1, kind === 'missing-range' ? 0 : 2);
      }
      let next = 0;
      let isFirst = true;
      for await (const { offset, length, entry } of file.pieces) {
        const end = offset + length;
        const endOf = (index: number) => {
          const arrival = file.arrivals[index];
          return arrival ? arrival.pos + arrival.len : Infinity;
        };
        while (endOf(next) <= offset) next += 1;
        if (end <= file.start) continue;
        const parts: Arrival[] = [];
        for (let index = next; (file.arrivals[index]?.pos ?? Infinity) < end; index += 1) {
          if (endOf(index) > offset) parts.push(file.arrivals[index] as Arrival);
        }
        if (entry !== null) {
          addEntry({ entry, offset, isFirst }, parts, file);
          isFirst = false;
        } else {
          const place = `${path.basename(file.path)}:${offset}`;
          for (const { entryId } of parts.filter(isEntry)) {
            differ('wrong-range', place, null, entryId);
          }
        }
      }
      for (const arrival of file.arrivals) {
        if (arrival.pos >= file.size && isEntry(arrival)) addLater(arrival.entryId, 1);
      }
    },
    finish: () => ({ images, otherReasons, later, deadLettered, cut, wrong }),
  };
}

const CONTINUED = 'entry:continued';
const HEAD = 'entry:cut-by-rotation';

function isEntry({ kind }: Arrival): boolean {
  return kind === 'E';
}

interface Untiled {
  readonly kind: 'missing-range' | 'range-twice';
  readonly at: number;
  readonly bytes: number;
}

/** Where the ranges leave a gap or overlap, from the beginning of the reading to the frontier. */
function* untiled({ start, upto, size, arrivals }: FileSides): Generator<Untiled, void> {
  let at = start;
  let readable = start;
  for (const { pos, len, kind } of arrivals) {
    if (pos > at) yield { kind: 'missing-range', at, bytes: pos - at };
    at = Math.max(at, pos + len);
    if (kind === 'X') continue;
    if (pos < readable) yield { kind: 'range-twice', at: pos, bytes: readable - pos };
    readable = Math.max(readable, pos + len);
  }
  const end = Math.max(upto, size);
  if (at < end) yield { kind: 'missing-range', at, bytes: end - at };
}

/** What the current rules make of an entry's bytes. */
function judged(
  dataset: LogDataset,
  bytes: Buffer,
): Pick<SourceImage, 'day' | 'accepted' | 'expected'> {
  const tooLong = bytes.length > MAX_ENTRY_BYTES;
  const beginning = tooLong ? bytes.subarray(0, MAX_ENTRY_BYTES) : bytes;
  const text = beginning.toString('utf8');
  const day = dataset.bookDay(text);
  if (tooLong) return { day, accepted: false, expected: 'entry:too-long' };
  if (!isUtf8(bytes)) return { day, accepted: false, expected: 'entry:invalid-utf8' };
  return { day, ...expectationOf(dataset.cleanColumns, dataset.judge(text)) };
}
