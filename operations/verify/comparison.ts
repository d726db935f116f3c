import { keyHash } from '../../schemas/image-identity.ts';
import { emptyBooks, type Books, type BooksTerm } from './books.ts';
import type { DifferenceKind, DifferenceList, DifferenceValue } from './differences.ts';
import {
  checkViews,
  isAsJudged,
  isJudgedNow,
  isRanked,
  isUnderKey,
  tableOf,
  type ComparedTables,
  type Found,
  type NamedColumn,
  type QuarantineRow,
  type ShownRow,
  type StateRow,
} from './image-checks.ts';
import { checksumOf, type Piece } from './judged-columns.ts';
import type { JudgedRow } from './judged-row.ts';
import type { SourceImage, SourceReading } from './source-reading.ts';

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

export interface ComparisonInput {
  readonly tables: ComparedTables;
  readonly cleanColumns: readonly NamedColumn[];
  /** The columns of the state that the source and the rules determine. */
  readonly judged: JudgedRow;
  /** Images of which it is not known what the source held; by default none. */
  readonly unknown?: ReadonlySet<string>;
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
  /** Reads these rows of the state anew, by image id, each as the pieces of its judged columns. */
  readonly details: (imageIds: readonly string[]) => Promise<ReadonlyMap<string, readonly Piece[]>>;
}

export interface Comparison {
  add(part: WarehousePart): Promise<void>;
  /** Call once, after all parts. */
  finish(): { readonly books: Books; readonly days: ReadonlyMap<string, Books> };
}

const nothing: Found = { state: [], shown: [], quarantine: [] };

type Details = ReadonlyMap<string, readonly Piece[]>;
const noDetails: Details = new Map();

/** So many rows are read anew to name what differs in them; further ones are only counted. */
const MAX_DETAILS = 100;

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

  let detailed = 0;
  /** The first row of the state is not what the source and this version of the rules make it. */
  const isUnlike = (id: string, { state: [state] }: Found): boolean => {
    const image = source.images.get(id);
    if (!image || !state || input.unknown?.has(id)) return false;
    if (state.rulesVersion !== input.rulesVersion) return false;
    const { judged } = input;
    return checksumOf(judged.columns, judged.piecesOf(image)) !== state.checksum;
  };
  const detailsOf = async (part: WarehousePart, images: ReadonlyMap<string, Found>) => {
    const unlike = [...images].filter(([id, found]) => isUnlike(id, found)).map(([id]) => id);
    const named = unlike.slice(0, Math.max(0, MAX_DETAILS - detailed));
    detailed += named.length;
    const details = named.length === 0 ? noDetails : await part.details(named);
    return new Map(unlike.map((id) => [id, details.get(id) ?? []]));
  };

  const settle = (id: string, found: Found, details: Details) => {
    const image = source.images.get(id);
    const state = found.state[0];
    const key = image ? image.key : (shownKey(found) ?? `image ${id}`);
    const { event } = state ?? {};
    const differ = (kind: DifferenceKind, expected: DifferenceValue, was: DifferenceValue) =>
      differences.add({
        ...{ kind, key, expected, found: was, table: tableOf(kind, input.tables) },
        ...(event === undefined ? {} : { event }),
      });
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
      const columns = input.cleanColumns;
      const isTold = !checkViews(image, found, { hidden, copies: inState, columns, differ });
      const sound = [
        isJudgedNow(state, input.rulesVersion, differ),
        isUnderKey(state, hashOfKey, differ),
        hidden || isRanked(state, image, differ),
        isAsJudged(image, found, { input, pieces: details.get(id), isTold, differ }),
        !isTold,
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
    async add(part) {
      const images = byImage(part);
      const details = await detailsOf(part, images);
      for (const [id, found] of images) {
        unseen.delete(id);
        settle(id, found, details);
      }
    },
    finish() {
      for (const id of unseen) settle(id, nothing, noDetails);
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

/** A key to name a row by that the source does not hold: the first shown cell is the key's. */
function shownKey({ shown }: Found): string | undefined {
  const cell = shown[0]?.cells[0];
  return typeof cell === 'string' ? cell : undefined;
}
