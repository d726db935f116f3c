import type { CleanValue } from '../../schemas/datasets/dataset.ts';
import type { DifferenceKind, DifferenceValue } from './differences.ts';
import { differingPieces, type Piece } from './judged-columns.ts';
import type { JudgedRow } from './judged-row.ts';
import type { SourceImage } from './source-reading.ts';

/** One row of the state: an image and how many copies of it are live. */
export interface StateRow {
  readonly imageId: string;
  readonly keyHash: string;
  readonly copies: number;
  readonly rulesVersion: number;
  /** Whether it counts for its key. */
  readonly isLatest: boolean;
  /** Over the columns of {@link ComparisonInput.judged}. */
  readonly checksum: string;
  /** Id of the event that gave the row. */
  readonly event: string;
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

export interface NamedColumn {
  readonly name: string;
}

/** Where what is compared stands. */
export interface ComparedTables {
  readonly state: string;
  readonly shown: string;
  readonly quarantine: string;
}

/** The rows of one image. */
export interface Found {
  readonly state: StateRow[];
  readonly shown: ShownRow[];
  readonly quarantine: QuarantineRow[];
}

/** Adds a difference of the row that is looked at. */
export type Differ = (
  kind: DifferenceKind,
  expected: DifferenceValue,
  found: DifferenceValue,
) => void;

export function isJudgedNow(state: StateRow, rulesVersion: number, differ: Differ): boolean {
  if (state.rulesVersion === rulesVersion) return true;
  differ('rules-version', rulesVersion, state.rulesVersion);
  return false;
}

export function isUnderKey(state: StateRow, expected: string, differ: Differ): boolean {
  if (state.keyHash === expected) return true;
  differ('wrong-key', expected, state.keyHash);
  return false;
}

export function isRanked(state: StateRow, { latest }: SourceImage, differ: Differ): boolean {
  if (state.isLatest === latest) return true;
  differ('changed-column', { is_latest: latest ? 1 : 0 }, { is_latest: state.isLatest ? 1 : 0 });
  return false;
}

/** Names the columns of the state that differ, but for those that a view has told already. */
export function isAsJudged(
  image: SourceImage,
  { shown, quarantine }: Found,
  check: {
    readonly input: { readonly judged: JudgedRow; readonly cleanColumns: readonly NamedColumn[] };
    /** What the state holds, where it differs. */
    readonly pieces: readonly Piece[] | undefined;
    /** A view has shown a difference. */
    readonly isTold: boolean;
    readonly differ: Differ;
  },
): boolean {
  const { input, pieces, isTold, differ } = check;
  if (pieces === undefined) return true;
  if (pieces.length === 0) {
    // Further ones than can be named are told without their columns.
    if (!isTold) differ('changed-column', null, null);
    return false;
  }
  const { columns } = input.judged;
  const told = new Set<string>(quarantine.length > 0 ? ['reasons'] : []);
  if (shown.length > 0) {
    for (const { name } of input.cleanColumns) {
      for (const column of [name, `${name}_ms`, `${name}_hundredths`]) told.add(column);
    }
  }
  const untold = columns.filter(({ name }) => !told.has(name));
  const among = (all: readonly Piece[]) =>
    columns.flatMap(({ name }, index) => (told.has(name) ? [] : [all[index] ?? null]));
  const differing = differingPieces(untold, among(input.judged.piecesOf(image)), among(pieces));
  if (differing) differ('changed-column', differing[0], differing[1]);
  return false;
}

export function tableOf(
  kind: DifferenceKind,
  { state, shown, quarantine }: ComparedTables,
): string {
  if (kind.startsWith('quarantined') || kind === 'not-in-quarantine') return quarantine;
  if (kind === 'changed-reasons') return quarantine;
  return kind.startsWith('shown') || kind === 'not-shown' || kind === 'changed-cell'
    ? shown
    : state;
}

interface ViewCheck {
  /** An unreadable record of the same key hides the row. */
  readonly hidden: boolean;
  /** Copies that the state tells. */
  readonly copies: number;
  readonly columns: readonly NamedColumn[];
  readonly differ: Differ;
}

export function checkViews(image: SourceImage, found: Found, check: ViewCheck): boolean {
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
