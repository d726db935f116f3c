import type { Measure } from '../../../schemas/measures.ts';
import { whereClause, type FilterSql } from './filters.ts';
import { areTimes, groupedPass } from './grouped-pass.ts';
import { measureOf, type MeasureSet } from './measure-queries.ts';

/** Labels of one breakdown that are read; a column may hold any number of different texts. */
const BREAKDOWN_LIMITS = { largest: 60, latest: 750 } as const;
/** Cells of one matrix that are read: 7 weekdays × 24 hours, and rows without a time. */
const MATRIX_LIMIT = 200;

/**
 * The statements for a set, to be run in one transaction: one for each table that is read, in which
 * each view is read once for all figures over it, and a branch for each figure takes its rows. No
 * statement is long, nor are they many: the Data API allows 20 result reads a second in an account.
 * Figures over views that the filter does not know stay whole.
 */
export function figureQueries(set: MeasureSet, filter: FilterSql): readonly string[] {
  const requests = requestsOf(set);
  for (const { name, measure, splitBy } of requests) {
    if (splitBy.length > 0 && distinctColumn(measure.sql.numerator) !== undefined) {
      throw new TypeError(`${name}: only a whole measure counts different values`);
    }
  }
  return [...Map.groupBy(requests, (request) => subjectOf(request, requests)).values()].map(
    (together) => statementOf(together, filter),
  );
}

/** A figure of a set: which rows it takes and how many. */
interface Request {
  readonly name: string;
  readonly measure: Measure;
  /** None for a measure as a whole. */
  readonly splitBy: readonly string[];
  /** Every row of the view has another label, so there is nothing to sum up. */
  readonly byRow: boolean;
  readonly label: string;
  readonly order: string | undefined;
}

function requestsOf(set: MeasureSet): readonly Request[] {
  const size = (measure: Measure) =>
    measure.sql.denominator === undefined ? 'numerator' : 'denominator';
  return [
    ...set.measures.map((measure): Request => ({
      ...{ name: measure.name, measure, splitBy: [], byRow: false, label: `''` },
      order: undefined,
    })),
    ...set.breakdowns.map((breakdown): Request => {
      const { name, by, order, byRow = false } = breakdown;
      const measure = measureOf(breakdown, set);
      const first = order === 'latest' ? 'label DESC' : `${size(measure)} DESC, label`;
      return {
        ...{ name, measure, splitBy: [by.column], byRow, label: by.column },
        order: `${first} LIMIT ${BREAKDOWN_LIMITS[order]}`,
      };
    }),
    ...set.matrices.map((matrix): Request => {
      const columns = [matrix.rows.column, matrix.columns.column];
      const parts = columns.map((column) => `COALESCE(CAST(${column} AS VARCHAR(8)), '')`);
      return {
        ...{ name: matrix.name, measure: measureOf(matrix, set), splitBy: columns, byRow: false },
        // `row|column`: both are numbers.
        label: parts.join(` || '|' || `),
        order: `label LIMIT ${MATRIX_LIMIT}`,
      };
    }),
  ];
}

const viewOf = ({ measure }: Request) => measure.sql.from;

/** Views over one table, which one statement reads. */
const subjects: Readonly<Record<string, string>> = {
  'reporting.tickets': 'tickets',
  'reporting.ticket_ages': 'tickets',
  'reporting.ticket_periods': 'periods',
  'reporting.ticket_backlog': 'periods',
  'reporting.logged_tickets': 'sums',
};

/** What has to read a view for itself alone is a statement of its own. */
function subjectOf(request: Request, all: readonly Request[]): string {
  const view = viewOf(request);
  const subject = subjects[view] ?? (view.startsWith('(') ? 'sums' : undefined);
  if (subject !== undefined) return subject;
  if (countsAlone(request, all)) return `${view} for ${request.name}`;
  return areTimes(groupingOf(request)) ? `${view} by times` : view;
}

/** Counts different values by which no other figure groups the view. */
function countsAlone({ measure }: Request, all: readonly Request[]): boolean {
  const { from, where, numerator } = measure.sql;
  const column = distinctColumn(numerator);
  return (
    column !== undefined &&
    !all.some(
      ({ measure: { sql }, splitBy, byRow }) =>
        sql.from === from &&
        sql.where === where &&
        !byRow &&
        splitBy.length === 1 &&
        splitBy[0] === column,
    )
  );
}

function statementOf(requests: readonly Request[], filter: FilterSql): string {
  const readings = new Map(
    [...Map.groupBy(requests, viewOf)].map(([view, members], index) => [
      view,
      readingOf(`view_${index + 1}`, view, members, filter),
    ]),
  );
  const branches = requests.map((request) => readings.get(viewOf(request))?.branch(request));
  const tables = [...readings.values()].flatMap((reading) => reading.tables);
  return `${tables.length === 0 ? '' : `WITH ${tables.join(',\n')}\n`}${branches.join('\nUNION ALL\n')}`;
}

/** How one view is read: common tables, and a branch over them for each figure. */
interface Reading {
  readonly tables: readonly string[];
  branch(request: Request): string;
}

function readingOf(
  name: string,
  view: string,
  members: readonly Request[],
  filter: FilterSql,
): Reading {
  const alone = members.filter((member) => countsAlone(member, members));
  const listed = members.filter(({ byRow }) => byRow);
  const grouped = members.filter((member) => !alone.includes(member) && !listed.includes(member));
  const shared = [...listed, ...grouped];
  const wanted = shared.map(({ measure }) => measure.sql.where);
  const own = wanted.includes(undefined) ? undefined : `(${[...new Set(wanted)].join(' OR ')})`;
  const narrowed = `${view}${whereClause(view, filter, own)}`;
  // What is both grouped and listed is read once: its rows are few beside those behind them.
  const rows = listed.length > 0 && grouped.length > 0 ? `${name}_rows` : undefined;
  const from = rows ?? narrowed;
  const pass = grouped.length === 0 ? undefined : passOver(name, from, grouped);
  return {
    tables: [
      ...(rows === undefined
        ? []
        : [`${rows} AS (SELECT ${columnsOf(shared).join(', ')} FROM ${narrowed})`]),
      ...(pass === undefined ? [] : [pass.sql]),
    ],
    branch(request) {
      if (alone.includes(request)) return countBranch(request, filter);
      if (pass !== undefined && grouped.includes(request)) return pass.branch(request);
      return listBranch(request, from);
    },
  };
}

/** All figures over one view. A condition of a measure is one more column to group by. */
function passOver(name: string, from: string, members: readonly Request[]) {
  const aggregates: readonly string[] = [
    ...new Set(
      members
        .filter(({ measure: { sql } }) => distinctColumn(sql.numerator) === undefined)
        .flatMap(({ measure: { sql } }) => [sql.numerator, sql.denominator ?? sql.numerator]),
    ),
  ];
  const valueOf = (aggregate: string) => `value_${aggregates.indexOf(aggregate) + 1}`;
  const pass = groupedPass(
    name,
    from,
    members.map(groupingOf),
    Object.fromEntries(aggregates.map((aggregate) => [valueOf(aggregate), aggregate])),
  );
  return {
    sql: pass.sql,
    branch(request: Request): string {
      const { numerator, denominator, where } = request.measure.sql;
      const rows = `${pass.rowsBy(groupingOf(request))}${where === undefined ? '' : ` AND ${where}`}`;
      const counted = distinctColumn(numerator);
      if (counted !== undefined) {
        return `SELECT ${branchColumns(request, 'COUNT(*)', undefined)}${rows} AND ${counted} IS NOT NULL`;
      }
      const denominatorValue = denominator === undefined ? undefined : valueOf(denominator);
      if (request.order === undefined) {
        // A sum of one row, so that there is always one.
        const total = (value: string | undefined) => value && `SUM(${value})`;
        return `SELECT ${branchColumns(request, total(valueOf(numerator)), total(denominatorValue))}${rows}`;
      }
      return inOrder(
        request,
        `SELECT ${branchColumns(request, valueOf(numerator), denominatorValue)}${rows}`,
      );
    },
  };
}

/** By what the rows of a figure are told apart. */
function groupingOf({ measure: { sql }, splitBy }: Request): readonly string[] {
  const counted = distinctColumn(sql.numerator);
  return [
    ...new Set([
      ...(sql.where === undefined ? [] : [conditionColumn(sql.where)]),
      ...(counted === undefined ? splitBy : [counted]),
    ]),
  ];
}

/** What the branches of some figures read of a view. */
function columnsOf(members: readonly Request[]): readonly string[] {
  const ofAggregate = (aggregate: string | undefined) =>
    /\((?:DISTINCT )?(\w+)\)$/.exec(aggregate ?? '')?.slice(1) ?? [];
  return [
    ...new Set(
      members.flatMap((member) => [
        ...groupingOf(member),
        ...ofAggregate(member.measure.sql.numerator),
        ...ofAggregate(member.measure.sql.denominator),
      ]),
    ),
  ];
}

/** Each row for itself: what a sum is of one row. */
function listBranch(request: Request, from: string): string {
  const { numerator, denominator, where } = request.measure.sql;
  const summed = /^SUM\((\w+)\)$/.exec(numerator)?.[1];
  if (summed === undefined || denominator !== undefined) {
    throw new TypeError(`${request.name}: only a sum is told row by row`);
  }
  return inOrder(
    request,
    `SELECT ${branchColumns(request, summed, undefined)} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`,
  );
}

function inOrder({ order = 'label' }: Request, rows: string): string {
  return `SELECT b.figure, b.label, b.numerator, b.denominator FROM (${rows} ORDER BY ${order}) b`;
}

/** Different texts are grouped for themselves: it is quicker than to sort them, which DISTINCT does. */
function countBranch(request: Request, filter: FilterSql): string {
  const { from, where, numerator } = request.measure.sql;
  const column = distinctColumn(numerator) ?? '';
  const own = `${where === undefined ? '' : `${where} AND `}${column} IS NOT NULL`;
  return (
    `SELECT ${branchColumns(request, 'COUNT(*)', undefined)} ` +
    `FROM (SELECT ${column} FROM ${from}${whereClause(from, filter, own)} GROUP BY ${column}) d`
  );
}

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
