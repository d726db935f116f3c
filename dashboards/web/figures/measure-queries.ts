import {
  measureValue,
  type Breakdown,
  type Matrix,
  type Measure,
} from '../../../schemas/measures.ts';
import { whereClause, type FilterSql } from './filters.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Labels of one breakdown that are read; a column may hold any number of different texts. */
const BREAKDOWN_LIMITS = { largest: 60, latest: 750 } as const;
/** Cells of one matrix that are read: 7 weekdays × 24 hours, and rows without a time. */
const MATRIX_LIMIT = 200;

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
 * One statement for a whole set, a branch for each measure and breakdown: the Data API allows 20
 * result reads a second in an account. Figures over views that the filter does not know stay whole.
 */
export function figuresQuery(set: MeasureSet, filter: FilterSql): string {
  return [
    ...set.measures.map((measure) => measureBranch(measure, filter)),
    ...set.breakdowns.map((breakdown) => breakdownBranch(breakdown, set, filter)),
    ...set.matrices.map((matrix) => matrixBranch(matrix, set, filter)),
  ].join('\nUNION ALL\n');
}

function measureBranch(measure: Measure, filter: FilterSql): string {
  return `SELECT ${branchColumns(measure.name, "''", measure)} ${source(measure, filter)}`;
}

function breakdownBranch(breakdown: Breakdown, set: MeasureSet, filter: FilterSql): string {
  const { column } = breakdown.by;
  const measure = measureOf(breakdown, set);
  const size = measure.sql.denominator === undefined ? 'numerator' : 'denominator';
  const order = breakdown.order === 'latest' ? 'label DESC' : `${size} DESC, label`;
  return (
    `SELECT b.figure, b.label, b.numerator, b.denominator FROM (` +
    `SELECT ${branchColumns(breakdown.name, column, measure)} ${source(measure, filter)} ` +
    `GROUP BY ${column} ORDER BY ${order} LIMIT ${BREAKDOWN_LIMITS[breakdown.order]}) b`
  );
}

/** The label of a cell is `row|column`: both are numbers. */
function matrixBranch(matrix: Matrix, set: MeasureSet, filter: FilterSql): string {
  const [row, column] = [matrix.rows.column, matrix.columns.column];
  const measure = measureOf(matrix, set);
  const label = [row, column].map((name) => `COALESCE(CAST(${name} AS VARCHAR(8)), '')`);
  return (
    `SELECT m.figure, m.label, m.numerator, m.denominator FROM (` +
    `SELECT ${branchColumns(matrix.name, label.join(` || '|' || `), measure)} ` +
    `${source(measure, filter)} GROUP BY ${row}, ${column} ORDER BY label LIMIT ${MATRIX_LIMIT}) m`
  );
}

/** Types are said in every branch: a UNION resolves them branch by branch. */
function branchColumns(name: string, label: string, { sql }: Measure): string {
  return [
    `CAST('${name}' AS VARCHAR(64)) AS figure`,
    `CAST(${label} AS VARCHAR(2048)) AS label`,
    `CAST(${sql.numerator} AS BIGINT) AS numerator`,
    `CAST(${sql.denominator ?? 'NULL'} AS BIGINT) AS denominator`,
  ].join(', ');
}

function source({ sql: { from, where } }: Measure, filter: FilterSql): string {
  return `FROM ${from}${whereClause(from, filter, where)}`;
}

/**
 * Makes the figures of the rows that {@link figuresQuery} gave for the same set.
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

function measureOf(split: Breakdown | Matrix, { measures, onlySplit = [] }: MeasureSet): Measure {
  const found = [...measures, ...onlySplit].find(({ name }) => name === split.measure);
  if (!found) throw new TypeError(`${split.name}: no measure ${split.measure}`);
  return found;
}
