import type { CleanValue } from '../../schemas/datasets/dataset.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { emptyBooks, type Books, type BooksTerm } from './books.ts';
import type { DifferenceKind, DifferenceList, DifferenceValue } from './differences.ts';
import type { SourceImage, SourceReading } from './source-reading.ts';

/** One row of the state: an image and how many copies of it are live. */
export interface StateRow {
  readonly imageId: string;
  readonly keyHash: string;
  readonly copies: number;
  readonly rulesVersion: number;
}

/** One row that is shown. */
export interface ShownRow {
  readonly imageId: string;
  readonly copies: number;
  /** In the order of the dataset's clean columns; times as epoch milliseconds. */
  readonly cells: readonly CleanValue[];
}

/** One row of the quarantine. */
export interface QuarantineRow {
  readonly imageId: string;
  readonly copies: number;
  readonly reasons: string | null;
}

/** What the warehouse has taken in beyond the position at which the source was read. */
export interface LaterChanges {
  /** Sum of signs by image id. */
  readonly copies: ReadonlyMap<string, number>;
  /** Hashes of the keys that these changes touch. */
  readonly keys: ReadonlySet<string>;
  /** Everything that was there has been removed (TRUNCATE, DROP). */
  readonly barrier: boolean;
}

/** Records that could not be read and still stand in for images nobody knows. */
export interface UnreadableImages {
  readonly keys: ReadonlySet<string>;
  /** Some carry no key at all. */
  readonly keyless: boolean;
}

interface NamedColumn {
  readonly name: string;
}

export interface ComparisonInput {
  readonly cleanColumns: readonly NamedColumn[];
  readonly rulesVersion: number;
  readonly source: SourceReading;
  readonly later: LaterChanges;
  readonly unreadable: UnreadableImages;
  readonly differences: DifferenceList;
}

/** Some of the warehouse's rows; all rows of an image must be in the same part. */
export interface WarehousePart {
  readonly state: readonly StateRow[];
  readonly shown: readonly ShownRow[];
  readonly quarantine: readonly QuarantineRow[];
}

export interface Comparison {
  add(part: WarehousePart): void;
  /** Call once, after all parts. */
  finish(): { readonly books: Books; readonly days: ReadonlyMap<string, Books> };
}

interface Found {
  readonly state: StateRow[];
  readonly shown: ShownRow[];
  readonly quarantine: QuarantineRow[];
}

const nothing: Found = { state: [], shown: [], quarantine: [] };

/**
 * Compares what the warehouse holds with the rules applied to the source, image by image, and
 * counts every row of the source in one term of the books. Pure: both sides are readings.
 *
 * The multiset is compared for every image, with later changes taken back; the views only for keys
 * that no later change touches, for they show a later state.
 */
export function createComparison(input: ComparisonInput): Comparison {
  const { source, later, unreadable, differences } = input;
  const unseen = new Set(source.images.keys());
  const days = new Map<string, MutableBooks>();

  const count = (image: SourceImage | undefined, term: BooksTerm, rows: number) => {
    if (rows === 0) return;
    const day = image?.day ?? 'unknown';
    let books = days.get(day);
    if (!books) days.set(day, (books = { ...emptyBooks }));
    books[term] += rows;
  };

  const settle = (id: string, found: Found) => {
    const image = source.images.get(id);
    const state = found.state[0];
    const key = image ? image.key : (shownKey(found) ?? `image ${id}`);
    const differ = (kind: DifferenceKind, expected: DifferenceValue, was: DifferenceValue) =>
      differences.add({ kind, key, expected, found: was });
    const copies = image?.copies ?? 0;
    if (later.barrier) {
      count(image, 'in_flight', copies);
      return;
    }
    const hashOfKey = image ? keyHash(image.key, id) : (state?.keyHash ?? '');
    const hidden =
      unreadable.keys.has(hashOfKey) || (unreadable.keyless && !image?.key && image !== undefined);

    if (found.state.length > 1) differ('state-row-twice', 1, found.state.length);
    const inState = found.state.reduce((sum, row) => sum + row.copies, 0);
    const held = inState - (later.copies.get(id) ?? 0);
    const missing = Math.max(0, copies - Math.max(0, held));
    if (hidden) {
      count(image, 'dead_lettered', missing);
    } else {
      if (held < 0) differ('negative-copies', copies, held);
      else if (held < copies) differ('missing-row', copies, held);
      else if (held > copies) differ('surplus-row', copies, held);
      count(image, 'unexplained', Math.max(missing, held - copies, -held));
    }

    const matched = Math.max(0, Math.min(copies, held));
    if (later.keys.has(hashOfKey)) {
      count(image, 'in_flight', matched);
      return;
    }
    if (image && state && matched > 0) {
      // All three are made, for each may name a difference of its own.
      const sound = [
        isJudgedNow(state, input.rulesVersion, differ),
        isUnderKey(state, hashOfKey, differ),
        checkViews(image, found, { hidden, copies: inState, columns: input.cleanColumns, differ }),
      ].every(Boolean);
      const [first, repeats] = termsOf(image, hidden);
      count(image, sound ? first : 'unexplained', 1);
      count(image, repeats, matched - 1);
    } else if (found.shown.length > 0 && !state) {
      differ('shown-wrongly', null, 'shown');
      count(image, 'unexplained', 1);
    }
  };

  return {
    add(part) {
      for (const [id, found] of byImage(part)) {
        unseen.delete(id);
        settle(id, found);
      }
    },
    finish() {
      for (const id of unseen) settle(id, nothing);
      for (const image of source.images.values()) addRead(days, image);
      const books = { ...emptyBooks } as MutableBooks;
      for (const day of days.values()) {
        for (const term of Object.keys(books) as (keyof Books)[]) books[term] += day[term];
      }
      return { books, days };
    },
  };
}

type MutableBooks = { -readonly [Term in keyof Books]: number };

function addRead(days: Map<string, MutableBooks>, { day, copies }: SourceImage): void {
  const books = days.get(day) ?? { ...emptyBooks };
  books.read += copies;
  days.set(day, books);
}

function byImage({ state, shown, quarantine }: WarehousePart): Map<string, Found> {
  const images = new Map<string, Found>();
  const of = (id: string): Found => {
    let found = images.get(id);
    if (!found) images.set(id, (found = { state: [], shown: [], quarantine: [] }));
    return found;
  };
  for (const row of state) of(row.imageId).state.push(row);
  for (const row of shown) of(row.imageId).shown.push(row);
  for (const row of quarantine) of(row.imageId).quarantine.push(row);
  return images;
}

/** The term of a row's first copy, and that of its further ones. */
function termsOf({ accepted, latest }: SourceImage, hidden: boolean): [BooksTerm, BooksTerm] {
  if (!accepted) return ['quarantined', 'quarantined_repeats'];
  return [latest && !hidden ? 'shown' : 'superseded', 'repeats'];
}

type Differ = (kind: DifferenceKind, expected: DifferenceValue, found: DifferenceValue) => void;

function isJudgedNow(state: StateRow, rulesVersion: number, differ: Differ): boolean {
  if (state.rulesVersion === rulesVersion) return true;
  differ('rules-version', rulesVersion, state.rulesVersion);
  return false;
}

function isUnderKey(state: StateRow, expected: string, differ: Differ): boolean {
  if (state.keyHash === expected) return true;
  differ('wrong-key', expected, state.keyHash);
  return false;
}

interface ViewCheck {
  /** An unreadable record of the same key hides the row. */
  readonly hidden: boolean;
  /** Copies that the state tells. */
  readonly copies: number;
  readonly columns: readonly NamedColumn[];
  readonly differ: Differ;
}

function checkViews(image: SourceImage, found: Found, check: ViewCheck): boolean {
  const { accepted, latest, expected } = image;
  const { copies, differ } = check;
  const [shown] = found.shown;
  const [set] = found.quarantine;
  const mustShow = accepted && latest && !check.hidden;
  let sound = true;
  const fault: Differ = (...parts) => {
    sound = false;
    differ(...parts);
  };
  if (mustShow && !shown) fault('not-shown', 'shown', null);
  if (!mustShow && shown) fault('shown-wrongly', null, 'shown');
  if (found.shown.length > 1) fault('shown-twice', 1, found.shown.length);
  if (accepted && set) fault('quarantined-wrongly', null, set.reasons);
  if (!accepted && !set) fault('not-in-quarantine', expected, null);
  if (found.quarantine.length > 1) fault('quarantined-twice', 1, found.quarantine.length);
  if (mustShow && shown) {
    const changed = changedCells(check.columns, expected, shown.cells);
    if (changed) fault('changed-cell', ...changed);
    if (shown.copies !== copies) fault('changed-copies', copies, shown.copies);
  }
  if (!accepted && set) {
    if (set.reasons !== expected) fault('changed-reasons', expected, set.reasons);
    if (set.copies !== copies) fault('changed-copies', copies, set.copies);
  }
  return sound;
}

/** The cells that differ, by column, as expected and as found. */
function changedCells(
  columns: readonly NamedColumn[],
  expectedJson: string,
  found: readonly CleanValue[],
): [Record<string, CleanValue>, Record<string, CleanValue>] | undefined {
  if (expectedJson === JSON.stringify(found)) return undefined;
  const expected = JSON.parse(expectedJson) as CleanValue[];
  const differing = columns
    .map(({ name }, index) => [name, expected[index] ?? null, found[index] ?? null] as const)
    .filter(([, wanted, is]) => wanted !== is);
  return [
    Object.fromEntries(differing.map(([name, wanted]) => [name, wanted])),
    Object.fromEntries(differing.map(([name, , is]) => [name, is])),
  ];
}

/** A key to name a row by that the source does not hold: the first shown cell is the key's. */
function shownKey({ shown }: Found): string | undefined {
  const cell = shown[0]?.cells[0];
  return typeof cell === 'string' ? cell : undefined;
}
