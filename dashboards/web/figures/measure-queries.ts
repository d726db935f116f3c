import { measureValue, type Breakdown, type Measure } from '../../../schemas/measures.ts';
import { whereClause, type FilterSql } from './filters.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Labels of one breakdown that are read; a column may hold any number of different texts. */
const BREAKDOWN_LIMIT = 60;

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
  readonly breakdowns: readonly Breakdown[];
}

/** The figures of a set, by name. */
export interface Figures {
  readonly measures: Readonly<Record<string, Figure>>;
  readonly breakdowns: Readonly<Record<string, readonly LabelledFigure[]>>;
}

/**
 * One statement for a whole set, a branch for each measure and breakdown: the Data API allows 20
 * result reads a second in an account. Figures over views that the filter does not know stay whole.
 */
export function figuresQuery({ measures, breakdowns }: MeasureSet, filter: FilterSql): string {
  return [
    ...measures.map((measure) => measureBranch(measure, filter)),
    ...breakdowns.map((breakdown) => breakdownBranch(breakdown, measures, filter)),
  ].join('\nUNION ALL\n');
}

function measureBranch(measure: Measure, filter: FilterSql): string {
  return `SELECT ${branchColumns(measure.name, "''", measure)} ${source(measure, filter)}`;
}

function breakdownBranch(
  breakdown: Breakdown,
  measures: readonly Measure[],
  filter: FilterSql,
): string {
  const { column } = breakdown.by;
  const measure = measureOf(breakdown, measures);
  const size = measure.sql.denominator === undefined ? 'numerator' : 'denominator';
  const order = breakdown.order === 'latest' ? 'label DESC' : `${size} DESC, label`;
  return (
    `SELECT b.figure, b.label, b.numerator, b.denominator FROM (` +
    `SELECT ${branchColumns(breakdown.name, column, measure)} ${source(measure, filter)} ` +
    `GROUP BY ${column} ORDER BY ${order} LIMIT ${BREAKDOWN_LIMIT}) b`
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
        labelledFigures(
          breakdown,
          measureOf(breakdown, set.measures),
          byName.get(breakdown.name) ?? [],
        ),
      ]),
    ),
  };
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

function measureOf(breakdown: Breakdown, measures: readonly Measure[]): Measure {
  const found = measures.find(({ name }) => name === breakdown.measure);
  if (!found) throw new TypeError(`${breakdown.name}: no measure ${breakdown.measure}`);
  return found;
}
