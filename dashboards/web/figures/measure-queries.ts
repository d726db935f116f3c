import {
  measureValue,
  type Breakdown,
  type Matrix,
  type Measure,
} from '../../../schemas/measures.ts';
import type { FilterSql } from './filters.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** A measure's parts, whole numbers, and what they make. */
interface Figure {
  /** Unrounded; null where there is nothing to divide by. */
  readonly value: number | null;
  readonly numerator: number;
  /** Null for a measure that is no ratio. */
  readonly denominator: number | null;
}

type LabelledFigure = Figure & { readonly label: string | null };

/** What one page shows of the catalogue. */
export interface MeasureSet {
  readonly measures: readonly Measure[];
  /** Measures that mean something only when they are split. */
  readonly onlySplit?: readonly Measure[];
  readonly breakdowns: readonly Breakdown[];
  readonly matrices: readonly Matrix[];
}

/** One cell of a matrix; what is missing is zero. */
interface Cell {
  readonly row: string | null;
  readonly column: string | null;
  readonly value: number;
}

/** The figures of a set, by name. */
export interface Figures {
  readonly measures: Readonly<Record<string, Figure>>;
  readonly breakdowns: Readonly<Record<string, readonly LabelledFigure[]>>;
  readonly matrices: Readonly<Record<string, readonly Cell[]>>;
}

/**
 * Makes the figures of the rows that `figureQueries` gave for the same set.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function readFigures(set: MeasureSet, rows: readonly WarehouseRow[]): Figures {
  const byName = Map.groupBy(rows, (row) => textOf(row, 'figure'));
  return {
    measures: Object.fromEntries(
      set.measures.map((measure) => [
        measure.name,
        figureOf(measure, onlyRow(byName.get(measure.name) ?? [], measure.name)),
      ]),
    ),
    breakdowns: Object.fromEntries(
      set.breakdowns.map((breakdown) => [
        breakdown.name,
        labelledFigures(breakdown, measureOf(breakdown, set), byName.get(breakdown.name) ?? []),
      ]),
    ),
    matrices: Object.fromEntries(
      set.matrices.map(({ name }) => [name, (byName.get(name) ?? []).map(cellOf)]),
    ),
  };
}

function cellOf(row: WarehouseRow): Cell {
  const [place = '', column = ''] = (textOf(row, 'label') ?? '').split('|');
  return {
    row: place === '' ? null : place,
    column: column === '' ? null : column,
    value: countOf(row, 'numerator') ?? 0,
  };
}

/** Names of the figures that a filter leaves whole, because their views do not have its columns. */
export function wholeFigures(set: MeasureSet, filter: FilterSql): readonly string[] {
  const isWhole = ({ sql }: Measure) => filter.conditions(sql.from) === null;
  return [
    ...set.measures.filter(isWhole),
    ...[...set.breakdowns, ...set.matrices].filter((split) => isWhole(measureOf(split, set))),
  ].map(({ name }) => name);
}

function labelledFigures(
  breakdown: Breakdown,
  measure: Measure,
  rows: readonly WarehouseRow[],
): readonly LabelledFigure[] {
  const figures = rows.map((row) => ({ label: textOf(row, 'label'), ...figureOf(measure, row) }));
  const byLabel = (a: LabelledFigure, b: LabelledFigure) => compareTexts(a.label, b.label);
  return breakdown.order === 'latest'
    ? figures.sort((a, b) => byLabel(b, a))
    : figures.sort((a, b) => sizeOf(b) - sizeOf(a) || byLabel(a, b));
}

/** How many rows stand behind a figure. */
function sizeOf({ numerator, denominator }: Figure): number {
  return denominator ?? numerator;
}

/** By code unit, as the warehouse compares: the same order everywhere. */
function compareTexts(a: string | null, b: string | null): number {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

function figureOf(measure: Measure, row: WarehouseRow): Figure {
  // SUM over no rows is NULL: nothing, which for a count is zero.
  const numerator = countOf(row, 'numerator') ?? 0;
  const denominator = countOf(row, 'denominator');
  return { value: measureValue(measure, numerator, denominator), numerator, denominator };
}

/** @throws TypeError when the set does not have it. */
export function measureOf(
  split: Breakdown | Matrix,
  { measures, onlySplit = [] }: MeasureSet,
): Measure {
  const found = [...measures, ...onlySplit].find(({ name }) => name === split.measure);
  if (!found) throw new TypeError(`${split.name}: no measure ${split.measure}`);
  return found;
}
