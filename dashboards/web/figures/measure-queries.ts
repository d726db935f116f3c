import {
  measureValue,
  type Breakdown,
  type Matrix,
  type Measure,
} from '../../../schemas/measures.ts';
import { whereClause, type FilterSql } from './filters.ts';
import { groupedPass } from './grouped-pass.ts';
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
 * One statement for a whole set: each view is read once, for all figures over it, and a branch for
 * each figure takes its rows. The Data API allows 20 result reads a second in an account. Figures
 * over views that the filter does not know stay whole.
 */
export function figuresQuery(set: MeasureSet, filter: FilterSql): string {
  const requests = requestsOf(set);
  const views = Map.groupBy(
    requests.filter(({ measure }) => !isDistinct(measure)),
    viewOf,
  );
  const passes = new Map(
    [...views].map(([view, members], index) => [
      view,
      passOver(`view_${index + 1}`, view, members, filter),
    ]),
  );
  const branches = requests.map((request) => {
    const pass = passes.get(viewOf(request));
    return pass && !isDistinct(request.measure)
      ? pass.branch(request)
      : distinctBranch(request, filter);
  });
  const tables = [...passes.values()].map(({ sql }) => sql);
  return `${tables.length === 0 ? '' : `WITH ${tables.join(',\n')}\n`}${branches.join('\nUNION ALL\n')}`;
}

/** A figure of a set: which rows it takes and how many. */
interface Request {
  readonly name: string;
  readonly measure: Measure;
  /** None for a measure as a whole. */
  readonly splitBy: readonly string[];
  readonly label: string;
  readonly order: string | undefined;
}

function requestsOf(set: MeasureSet): readonly Request[] {
  const size = (measure: Measure) =>
    measure.sql.denominator === undefined ? 'numerator' : 'denominator';
  return [
    ...set.measures.map((measure): Request => ({
      ...{ name: measure.name, measure, splitBy: [], label: `''` },
      order: undefined,
    })),
    ...set.breakdowns.map((breakdown): Request => {
      const { name, by, order } = breakdown;
      const measure = measureOf(breakdown, set);
      const first = order === 'latest' ? 'label DESC' : `${size(measure)} DESC, label`;
      return {
        ...{ name, measure, splitBy: [by.column], label: by.column },
        order: `${first} LIMIT ${BREAKDOWN_LIMITS[order]}`,
      };
    }),
    ...set.matrices.map((matrix): Request => {
      const columns = [matrix.rows.column, matrix.columns.column];
      const parts = columns.map((column) => `COALESCE(CAST(${column} AS VARCHAR(8)), '')`);
      return {
        ...{ name: matrix.name, measure: measureOf(matrix, set), splitBy: columns },
        // `row|column`: both are numbers.
        label: parts.join(` || '|' || `),
        order: `label LIMIT ${MATRIX_LIMIT}`,
      };
    }),
  ];
}

const viewOf = ({ measure }: Request) => measure.sql.from;

/** All figures over one view. A condition of a measure is one more column to group by. */
function passOver(name: string, view: string, members: readonly Request[], filter: FilterSql) {
  const groupings = ({ measure: { sql }, splitBy }: Request) => [
    ...new Set([...(sql.where === undefined ? [] : [conditionColumn(sql.where)]), ...splitBy]),
  ];
  const aggregates: readonly string[] = [
    ...new Set(
      members.flatMap(({ measure: { sql } }) => [sql.numerator, sql.denominator ?? sql.numerator]),
    ),
  ];
  const valueOf = (aggregate: string) => `value_${aggregates.indexOf(aggregate) + 1}`;
  const wanted = members.map(({ measure }) => measure.sql.where);
  const own = wanted.includes(undefined) ? undefined : `(${[...new Set(wanted)].join(' OR ')})`;
  const pass = groupedPass(
    name,
    `${view}${whereClause(view, filter, own)}`,
    members.map(groupings),
    Object.fromEntries(
      aggregates.map((aggregate) => [valueOf(aggregate), `CAST(${aggregate} AS BIGINT)`]),
    ),
  );
  return {
    sql: pass.sql,
    branch(request: Request): string {
      const { numerator, denominator, where } = request.measure.sql;
      const rows = `${pass.rowsBy(groupings(request))}${where === undefined ? '' : ` AND ${where}`}`;
      const denominatorValue = denominator === undefined ? undefined : valueOf(denominator);
      if (request.order === undefined) {
        // A sum of one row, so that there is always one.
        const total = (value: string | undefined) => value && `SUM(${value})`;
        return `SELECT ${branchColumns(request, total(valueOf(numerator)), total(denominatorValue))}${rows}`;
      }
      return (
        `SELECT b.figure, b.label, b.numerator, b.denominator FROM (` +
        `SELECT ${branchColumns(request, valueOf(numerator), denominatorValue)}${rows} ORDER BY ${request.order}) b`
      );
    },
  };
}

/** Different texts are grouped for themselves: it is quicker than to sort them, which DISTINCT does. */
function distinctBranch(request: Request, filter: FilterSql): string {
  const { from, where, numerator } = request.measure.sql;
  const column = distinctColumn(numerator);
  if (column === undefined || request.splitBy.length > 0) {
    throw new TypeError(`${request.name}: only a whole measure counts different values`);
  }
  const own = `${where === undefined ? '' : `${where} AND `}${column} IS NOT NULL`;
  return (
    `SELECT ${branchColumns(request, 'COUNT(*)', undefined)} ` +
    `FROM (SELECT ${column} FROM ${from}${whereClause(from, filter, own)} GROUP BY ${column}) d`
  );
}

const isDistinct = ({ sql }: Measure) => distinctColumn(sql.numerator) !== undefined;

function distinctColumn(aggregate: string): string | undefined {
  return /^COUNT\(DISTINCT (\w+)\)$/.exec(aggregate)?.[1];
}

function conditionColumn(where: string): string {
  return where.slice(0, where.indexOf(' = '));
}

/** Types are said in every branch: a UNION resolves them branch by branch. */
function branchColumns(
  { name, label }: Request,
  numerator: string | undefined,
  denominator: string | undefined,
): string {
  return [
    `CAST('${name}' AS VARCHAR(64)) AS figure`,
    `CAST(${label} AS VARCHAR(2048)) AS label`,
    `CAST(${numerator ?? 'NULL'} AS BIGINT) AS numerator`,
    `CAST(${denominator ?? 'NULL'} AS BIGINT) AS denominator`,
  ].join(', ');
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
