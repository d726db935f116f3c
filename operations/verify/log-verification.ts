import type { Config } from '../../runtime/config/config-schema.ts';
import { logHostOf } from '../../runtime/config/log-files.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { emptyBooks, type Books } from './books.ts';
import { createComparison } from './comparison.ts';
import { createDifferenceList, type DifferenceList } from './differences.ts';
import { checksumOf } from './judged-columns.ts';
import { judgedEntry, type JudgedImage } from './judged-row.ts';
import type { LogCoverage, LogScope } from './log-coverage.ts';
import { holdLogFiles, type HeldLogFiles } from './held-log-files.ts';
import type { LogFile, LogFileNames } from './log-files.ts';
import { createLogReader, type LogReading } from './log-reading.ts';
import { readLogWarehouse, type EntryState, type LogWarehouse } from './log-warehouse.ts';

/** One dataset of log files and where its files are. */
export interface LogTarget extends LogScope, LogFileNames {}

/** @returns what `logs` of the configuration names; nothing where it is left out. */
export function logTargetsOf({ logs }: Config): LogTarget[] {
  if (logs === undefined) return [];
  const { host, sets } = logHostOf(logs);
  return sets.map(({ dataset, patterns }, index) => {
    const elsewhere = sets.slice(0, index).flatMap((earlier) => earlier.patterns);
    return { dataset, host, patterns, elsewhere };
  });
}

/** The two sides, and the waiting between them. */
export interface LogSides {
  holdFiles(): Promise<HeldLogFiles>;
  waitUntilCovered(files: readonly LogFile[]): Promise<LogCoverage>;
  readWarehouse(options: {
    readonly generations: readonly string[];
    readonly expectedEntries: number;
  }): Promise<LogWarehouse>;
  readonly note: (line: string) => void;
}

export interface LogResult {
  readonly books: Books;
  readonly days: ReadonlyMap<string, Books>;
  readonly differences: DifferenceList;
  readonly files: number;
  readonly bytes: number;
  /** Files that were read and are gone; their entries are counted from what arrived. */
  readonly goneFiles: number;
  readonly goneEntries: number;
  /** Entries that were read in parts. */
  readonly cutEntries: number;
}

/** About what an entry has, to guess how many there are. */
const ENTRY_BYTES = 300;

/** A file that is overwritten while it is read makes its books worthless: so often they are begun anew. */
const MAX_ATTEMPTS = 4;

/**
 * Verifies one dataset of log files: every byte of the files that exist is covered once, every
 * entry is judged and counted as the rules say now. Files that are gone cannot be read again: they
 * are counted from what arrived, and the result says how many there are.
 */
export async function verifyLogs(scope: LogScope, sides: LogSides): Promise<LogResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { result, isSettled } = await attemptOnce(scope, sides);
    if (isSettled || attempt === MAX_ATTEMPTS) return result;
    sides.note(`${scope.dataset.shortName}: a file was overwritten meanwhile; once more`);
  }
}

async function attemptOnce(
  { dataset, host }: LogScope,
  sides: LogSides,
): Promise<{ readonly result: LogResult; readonly isSettled: boolean }> {
  const listedAtMs = Date.now();
  await using held = await sides.holdFiles();
  const coverage = await sides.waitUntilCovered(held.files);
  const files = held.files.filter((file) => isOurs(file, coverage));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const differences = createDifferenceList();
  if (coverage.late) {
    const { hop: key, wanted: expected, found } = coverage.late;
    differences.add({ kind: 'behind', key, expected, found });
  }
  const warehouse = await sides.readWarehouse({
    generations: [...coverage.generations.values()],
    expectedEntries: bytes / ENTRY_BYTES,
  });
  sides.note(`${dataset.shortName}: reading ${files.length} files, ${bytes} bytes`);
  const reader = createLogReader({ dataset, host, differences });
  let isSettled = true;
  for (const file of files) {
    const generation = coverage.generations.get(file.path) ?? '';
    const { start, upto } = warehouse.frontiers.get(generation) ?? { start: 0, upto: 0 };
    const arrivals = warehouse.arrivals.get(generation) ?? [];
    const isWhole = await held.read(file, dataset.framing, (pieces) =>
      reader.add({ ...{ path: file.path, size: file.size, start, upto, arrivals }, pieces }),
    );
    isSettled &&= isWhole;
  }
  const gone = takeOthers(warehouse, (id, copies) => reader.addLater(id, copies), listedAtMs);
  const reading = reader.finish();
  const { books, days } = await compare(dataset, { reading, gone, warehouse, differences });
  const wrong = reading.wrong + (await warehouse.checkEvidence(differences));
  const result = {
    books: { ...books, unexplained: books.unexplained + wrong },
    days,
    differences,
    files: files.length,
    bytes,
    goneFiles: gone.generations.size,
    goneEntries: [...gone.copies.values()].reduce((sum, copies) => sum + copies, gone.unreadable),
    cutEntries: reading.cut,
  };
  return { result, isSettled };
}

/** A file of another format counts there, by what arrived of it if no name leads to it there. */
function isOurs({ path: name, size }: LogFile, { covered, generations }: LogCoverage): boolean {
  return !covered || size === 0 || generations.has(name);
}

interface GoneFiles {
  readonly generations: ReadonlySet<string>;
  /** Entries by id. */
  readonly copies: ReadonlyMap<string, number>;
  readonly unreadable: number;
}

/** Divides what arrived of unlisted files: those that are newer than the listing, and those gone. */
function takeOthers(
  { others }: LogWarehouse,
  addLater: (entryId: string, copies: number) => void,
  listedAtMs: number,
): GoneFiles {
  const generations = new Set<string>();
  const copies = new Map<string, number>();
  let unreadable = 0;
  for (const { generation, kind, entryId, copies: count } of others) {
    const isLater = bornAtMs(generation) >= listedAtMs;
    if (kind === 'E' && isLater) addLater(entryId, count);
    if (isLater) continue;
    generations.add(generation);
    if (kind === 'E') copies.set(entryId, (copies.get(entryId) ?? 0) + count);
    if (kind === 'X') unreadable += count;
  }
  return { generations, copies, unreadable };
}

/** A generation is called `<birth ms>-<fingerprint>`. */
function bornAtMs(generation: string): number {
  return Number(/^\d+/.exec(generation)?.[0] ?? 0);
}

interface CompareInput {
  readonly reading: LogReading;
  readonly gone: GoneFiles;
  readonly warehouse: LogWarehouse;
  readonly differences: DifferenceList;
}

async function compare(
  dataset: LogDataset,
  { reading, gone, warehouse, differences }: CompareInput,
): Promise<{ readonly books: Books; readonly days: ReadonlyMap<string, Books> }> {
  const { images } = reading;
  const states = new Map(warehouse.states.map((state) => [state.entryId, state]));
  let wrongDays = 0;
  for (const [id, image] of images) {
    const others = reading.otherwise.get(id);
    if (others) Object.assign(image, whatItMayBe(dataset, [image, ...others], states.get(id)));
    const day = states.get(id)?.day ?? image.day;
    if (day === image.day) continue;
    wrongDays += 1;
    differences.add({ kind: 'wrong-day', key: image.key, expected: image.day, found: day });
  }
  for (const [id, copies] of gone.copies) addGone(images, { id, copies, state: states.get(id) });
  const comparison = createComparison({
    tables: {
      state: `careplus.${dataset.entity}_entry`,
      shown: `careplus.${dataset.entity}_entries`,
      quarantine: `careplus.${dataset.entity}_quarantine`,
    },
    judged: judgedEntry(dataset),
    // Of what is gone nobody knows how it stood.
    unknown: new Set(gone.copies.keys()),
    cleanColumns: dataset.cleanColumns,
    rulesVersion: dataset.rulesVersion,
    source: { rows: 0, images },
    later: { copies: reading.later, keys: new Set(), barrier: false },
    unreadable: { keys: new Set(), keyless: false },
    differences,
  });
  /** Not so an entry that was written, and came, after the files were listed. */
  const isListed = (id: string) =>
    images.has(id) || !reading.later.has(id) || reading.later.get(id) !== states.get(id)?.copies;
  for await (const { holds, ...part } of warehouse.parts()) {
    const shown = part.shown.filter(({ imageId }) => isListed(imageId));
    for (const { imageId, cells } of shown) {
      const image = images.get(imageId);
      // Nothing but what is shown tells what an entry of a file that is gone must be.
      if (image?.accepted && image.expected === '') image.expected = JSON.stringify(cells);
    }
    await comparison.add({
      details: part.details,
      state: warehouse.states
        .filter(({ entryId }) => holds(entryId) && isListed(entryId))
        .map(({ entryId, ...state }) => ({
          ...state,
          imageId: entryId,
          isLatest: true,
          // Entries have no keys that could be wrong.
          keyHash: keyHash(images.get(entryId)?.key ?? null, entryId),
        })),
      shown: shown.map((row) => ({ ...row, copies: states.get(row.imageId)?.copies ?? 0 })),
      quarantine: part.quarantine.filter(({ imageId }) => isListed(imageId)),
    });
  }
  const { books, days } = comparison.finish();
  return withUnreadable(
    { ...books, unexplained: books.unexplained + wrongDays },
    days,
    reading,
    gone,
  );
}

/** Of all that may be kept of an entry, what is kept; else the nearest to it. */
function whatItMayBe(
  dataset: LogDataset,
  candidates: readonly JudgedImage[],
  state: EntryState | undefined,
): JudgedImage | undefined {
  const judged = judgedEntry(dataset);
  const near = candidates.filter(({ accepted, expected }) =>
    accepted ? state?.accepted : expected === state?.reasons,
  );
  return (
    near.find((each) => checksumOf(judged.columns, judged.piecesOf(each)) === state?.checksum) ??
    near[0]
  );
}

function addGone(
  images: LogReading['images'],
  { id, copies, state }: { id: string; copies: number; state: EntryState | undefined },
): void {
  const known = images.get(id);
  if (known) {
    known.copies += copies;
    return;
  }
  images.set(id, {
    key: null,
    copies,
    latest: true,
    day: state?.day ?? 'unknown',
    rank: 0,
    rest: null,
    accepted: state?.accepted ?? false,
    expected: state?.accepted === false ? state.reasons : '',
  });
}

/** Entries of blocks that could not be read are in the books, too. */
function withUnreadable(
  books: Books,
  days: ReadonlyMap<string, Books>,
  { deadLettered }: LogReading,
  { unreadable }: GoneFiles,
): { readonly books: Books; readonly days: ReadonlyMap<string, Books> } {
  const byDay = new Map(days);
  let total = 0;
  const all = new Map(deadLettered);
  if (unreadable > 0) all.set('unknown', (all.get('unknown') ?? 0) + unreadable);
  for (const [day, count] of all) {
    const of = byDay.get(day) ?? emptyBooks;
    byDay.set(day, { ...of, read: of.read + count, dead_lettered: of.dead_lettered + count });
    total += count;
  }
  return {
    books: { ...books, read: books.read + total, dead_lettered: books.dead_lettered + total },
    days: byDay,
  };
}

/** The two sides of the configured files and warehouse. */
export function logSides(
  target: LogTarget,
  options: {
    readonly api: DataApi;
    readonly signal: AbortSignal;
    readonly note: (line: string) => void;
    readonly waitUntilCovered: (files: readonly LogFile[]) => Promise<LogCoverage>;
  },
): LogSides {
  const { api, signal, note, waitUntilCovered } = options;
  return {
    holdFiles: () => holdLogFiles(target),
    waitUntilCovered,
    readWarehouse: (place) => readLogWarehouse(api, target, { ...place, signal }),
    note,
  };
}
