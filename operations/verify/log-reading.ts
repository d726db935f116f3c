import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { MAX_ENTRY_BYTES } from '../../schemas/log-entries.ts';
import { logEntryId } from '../../schemas/log-identity.ts';
import type { Verdict } from '../../schemas/datasets/dataset.ts';
import { ORIGINAL_MAX_BYTES } from '../../schemas/image-row.ts';
import { expectationOf, type SetAside } from './expectation.ts';
import type { JudgedImage } from './judged-row.ts';
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
   * What else may be kept of an entry: how it was cut cannot be seen from the file alone, and which
   * of several copies was kept not at all.
   */
  readonly otherwise: ReadonlyMap<string, readonly JudgedImage[]>;
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
  const otherwise = new Map<string, JudgedImage[]>();
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
    const others = mayBe.length === 0 ? [] : othersOf(dataset, bytes, mayBe);
    if (!known) images.set(id, { key: place, copies: 1, latest: true, ...judged(dataset, bytes) });
    else {
      known.copies += 1;
      // The id leaves out blanks at the ends of lines; what is set aside is kept as it stood.
      if (!known.accepted) others.push(judged(dataset, bytes));
    }
    const listed = otherwise.get(id) ?? [];
    const isNew = (other: JudgedImage) =>
      ![known, ...listed].some(
        (each) => each?.rest === other.rest && each.expected === other.expected,
      );
    const more = others.filter(isNew);
    if (more.length > 0) otherwise.set(id, [...listed, ...more]);
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
    finish: () => ({ images, otherwise, later, deadLettered, cut, wrong }),
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

/** How an entry is set aside that may have been cut. */
function othersOf(dataset: LogDataset, bytes: Buffer, reasons: readonly string[]): JudgedImage[] {
  const verdict = dataset.judge(bytes.toString('utf8'));
  const own = verdict.accepted ? [] : verdict.reasons;
  return reasons.map((reason) =>
    judged(dataset, bytes, reason === CONTINUED ? [...own, reason] : [reason]),
  );
}

/** Base64 of so many bytes fills the column of the original. */
const BASE64_MAX_BYTES = (ORIGINAL_MAX_BYTES / 4) * 3;

/**
 * What the current rules make of an entry's bytes.
 *
 * @param reasons for which it is set aside whatever the rules say.
 */
function judged(dataset: LogDataset, bytes: Buffer, reasons?: readonly string[]): JudgedImage {
  const tooLong = bytes.length > MAX_ENTRY_BYTES;
  const beginning = tooLong ? bytes.subarray(0, MAX_ENTRY_BYTES) : bytes;
  const text = beginning.toString('utf8');
  const verdict: Verdict = tooLong
    ? { accepted: false, reasons: ['entry:too-long'] }
    : isUtf8(bytes)
      ? reasons
        ? { accepted: false, reasons }
        : dataset.judge(text)
      : { accepted: false, reasons: ['entry:invalid-utf8'] };
  const shared = { rank: dataset.sortMs(text), day: dataset.bookDay(text) };
  return {
    ...shared,
    ...expectationOf(dataset.cleanColumns, dataset.keyField, verdict, () =>
      setAside(dataset, { bytes, beginning, text }),
    ),
  };
}

function setAside(
  { keyOf }: LogDataset,
  { bytes, beginning, text }: Record<'bytes' | 'beginning', Buffer> & { readonly text: string },
): SetAside {
  // A character that is cut at the end is no fault of the entry.
  const whole = beginning.length < bytes.length ? withoutCutCharacter(beginning) : beginning;
  const isText = isUtf8(whole) && !text.includes('\0');
  return {
    key: keyOf(text),
    original: isText ? text : beginning.subarray(0, BASE64_MAX_BYTES).toString('base64'),
    encoding: isText ? 'utf8' : 'base64',
    bytes: bytes.length,
  };
}

/** Bytes without a character at their end that has fewer of them than its first one tells. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const first = bytes[start] ?? 0;
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return start + length > bytes.length ? bytes.subarray(0, start) : bytes;
}
