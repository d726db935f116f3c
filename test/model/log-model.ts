/**
 * The reference: what a warehouse must hold when a set of log rows has arrived, in whatever order,
 * however often and in whatever batches. A pure function of that set, written for reading; the
 * loader's SQL is compared with it.
 */

/** A lake row of a log as far as the model needs it. */
export interface LogRange {
  readonly host: string;
  readonly generation: string;
  /** Where reading of the generation began. */
  readonly start: number;
  readonly pos: number;
  readonly len: number;
  /** `E` entry, `F` filler, `P` second part of a cut entry, `X` a block that could not be read. */
  readonly kind: 'E' | 'F' | 'P' | 'X';
  /** '' of `F` and `X`. */
  readonly entryId: string;
  /** 0 of `X`. */
  readonly rulesVersion: number;
}

interface FileState {
  readonly host: string;
  readonly generation: string;
  /** First byte that nothing covers. */
  readonly upto: number;
  /** First bytes of the readable ranges below and above it. */
  readonly arrived: readonly number[];
  readonly pending: readonly number[];
  /** `pos+len` of blocks of which some bytes have not come readable. */
  readonly unreadable: readonly string[];
}

interface EntryState {
  readonly entryId: string;
  /** Different ranges that hold it. */
  readonly copies: number;
  /** Of the newest rules that judged any of them. */
  readonly rulesVersion: number;
}

/** Bytes that nothing covers below some that are covered. */
interface LogHole {
  readonly host: string;
  readonly generation: string;
  readonly from: number;
  readonly to: number;
}

export interface LogState {
  readonly files: readonly FileState[];
  readonly holes: readonly LogHole[];
  readonly entries: readonly EntryState[];
}

export function logStateOf(arrived: Iterable<LogRange>): LogState {
  const files = Map.groupBy(arrived, fileOf);
  const readable = [...files.values()].flatMap((ranges) => [...distinctReadable(ranges)]);
  const ids = Map.groupBy(
    readable.filter(({ kind }) => kind === 'E'),
    ({ entryId }) => entryId,
  );
  const byName = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ranges]) => ranges);
  return {
    files: byName.map(fileState),
    holes: byName.flatMap(holesOf),
    entries: [...ids]
      .map(([entryId, ranges]) => ({
        entryId,
        copies: ranges.length,
        rulesVersion: Math.max(...ranges.map(({ rulesVersion }) => rulesVersion)),
      }))
      .sort((a, b) => (a.entryId < b.entryId ? -1 : 1)),
  };
}

function fileState(ranges: readonly LogRange[]): FileState {
  const readable = distinctReadable(ranges);
  const { upto, unreadable } = coverOf(ranges);
  const { host = '', generation = '' } = ranges[0] ?? {};
  const positions = readable.map(({ pos }) => pos).sort((a, b) => a - b);
  return {
    ...{ host, generation, upto },
    arrived: positions.filter((pos) => pos < upto),
    pending: positions.filter((pos) => pos >= upto),
    unreadable: [...new Set(unreadable.map(({ pos, len }) => `${pos}+${len}`))].sort(),
  };
}

/** The bytes that have come, and the first one that has not. */
function coverOf(ranges: readonly LogRange[]) {
  const bytes = new Set(distinctReadable(ranges).flatMap(bytesOf));
  const blocks = ranges.filter(({ kind }) => kind === 'X');
  const unreadable = blocks.filter((block) => !bytesOf(block).every((byte) => bytes.has(byte)));
  for (const byte of unreadable.flatMap(bytesOf)) bytes.add(byte);
  let upto = ranges[0]?.start ?? 0;
  while (bytes.has(upto)) upto += 1;
  return { bytes, upto, unreadable };
}

function holesOf(ranges: readonly LogRange[]): LogHole[] {
  const { host = '', generation = '' } = ranges[0] ?? {};
  const { bytes, upto } = coverOf(ranges);
  const above = [...bytes].filter((byte) => byte > upto).sort((a, b) => a - b);
  return above.flatMap((byte, index) => {
    const before = above[index - 1] ?? upto - 1;
    return byte > before + 1 ? [{ host, generation, from: before + 1, to: byte - 1 }] : [];
  });
}

/** Readable ranges, each place once, with the newest verdict that came for it. */
function distinctReadable(ranges: readonly LogRange[]): LogRange[] {
  const places = new Map<number, LogRange>();
  for (const range of ranges) {
    if (range.kind === 'X') continue;
    const known = places.get(range.pos);
    if (!known || range.rulesVersion > known.rulesVersion) places.set(range.pos, range);
  }
  return [...places.values()];
}

function bytesOf({ pos, len }: LogRange): number[] {
  return Array.from({ length: len }, (_, index) => pos + index);
}

function fileOf({ host, generation }: LogRange): string {
  return `${host}/${generation}`;
}
