import {
  measureValue,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  type Breakdown,
  type Measure,
} from '../../schemas/measures.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Frontier } from './freshness.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Labels of one breakdown that are read; a column may hold any number of different texts. */
const BREAKDOWN_LIMIT = 60;
const RECENT_TICKETS = 20;

/** A measure's parts, whole numbers, and what they make. */
interface Figure {
  /** Unrounded; null where there is nothing to divide by. */
  readonly value: number | null;
  readonly numerator: number;
  /** Null for a measure that is no ratio. */
  readonly denominator: number | null;
}

type LabelledFigure = Figure & { readonly label: string | null };

interface Books {
  readonly read: number;
  readonly shown: number;
  readonly repeats: number;
  readonly superseded: number;
  readonly quarantined: number;
  readonly quarantined_repeats: number;
  readonly dead_lettered: number;
}

/** A ticket as the page lists it; times are `YYYY-MM-DD HH:MM:SS`, UTC. */
interface RecentTicket {
  readonly ticket_id: string | null;
  readonly created_at: string | null;
  readonly resolved_at: string | null;
  readonly agent: string | null;
  readonly priority: string | null;
  readonly num_interactions: number | null;
  readonly issue_category: string | null;
  readonly channel: string | null;
  readonly status: string | null;
}

/** All figures of one warehouse state. */
export interface TicketFigures {
  readonly measures: Readonly<Record<string, Figure>>;
  readonly breakdowns: Readonly<Record<string, readonly LabelledFigure[]>>;
  /** Different rows in quarantine by their list of reasons, the most frequent first. */
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly recent: readonly RecentTicket[];
  readonly frontiers: readonly Frontier[];
}

const QUARANTINE_BREAKDOWN = 'quarantined_by_reasons';

/**
 * The whole query set of the tickets page. Four statements, for the Data API allows 20 result
 * reads a second in an account: every measure and breakdown is a branch of the first one.
 */
export function ticketQueries(): readonly [string, string, string, string] {
  return [figuresQuery(), booksQuery(), frontierQuery, recentQuery];
}

/** One row per measure and per label of a breakdown. */
function figuresQuery(): string {
  return [...ticketMeasures.map(measureBranch), ...ticketBreakdowns.map(breakdownBranch)].join(
    '\nUNION ALL\n',
  );
}

function measureBranch(measure: Measure): string {
  return `SELECT ${branchColumns(measure.name, "''", measure)} ${source(measure)}`;
}

function breakdownBranch(breakdown: Breakdown): string {
  const { column } = breakdown.by;
  const measure = measureOf(breakdown);
  const size = measure.sql.denominator === undefined ? 'numerator' : 'denominator';
  const order = breakdown.order === 'latest' ? 'label DESC' : `${size} DESC, label`;
  return (
    `SELECT b.figure, b.label, b.numerator, b.denominator FROM (` +
    `SELECT ${branchColumns(breakdown.name, column, measure)} ${source(measure)} ` +
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

function source({ sql: { from, where } }: Measure): string {
  return `FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`;
}

function booksQuery(): string {
  const sums = ticketBooks.map(
    ({ name, sql }) => `CAST(${sql.numerator} AS BIGINT) AS ${bookKey(name)}`,
  );
  return `SELECT ${sums.join(', ')} FROM reporting.ticket_books`;
}

const frontierQuery =
  `SELECT source, epoch, seq, committed_ms FROM reporting.freshness ` +
  `WHERE dataset = 'tickets' ORDER BY source`;

const recentQuery =
  `SELECT ticket_id, CAST(created_at AS VARCHAR(19)) AS created_at, ` +
  `CAST(resolved_at AS VARCHAR(19)) AS resolved_at, agent, priority, num_interactions, ` +
  `issue_category, channel, status FROM reporting.tickets ` +
  `ORDER BY created_at DESC, ticket_id DESC LIMIT ${RECENT_TICKETS}`;

/**
 * Makes the figures of the rows that {@link ticketQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleFigures(results: readonly (readonly WarehouseRow[])[]): TicketFigures {
  const [figureRows = [], bookRows = [], frontierRows = [], recentRows = []] = results;
  const byName = Map.groupBy(figureRows, (row) => textOf(row, 'figure'));
  const breakdowns = Object.fromEntries(
    ticketBreakdowns.map((breakdown) => [
      breakdown.name,
      labelledFigures(breakdown, byName.get(breakdown.name) ?? []),
    ]),
  );
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofTickets } = breakdowns;
  return {
    measures: Object.fromEntries(
      ticketMeasures.map((measure) => [
        measure.name,
        figureOf(measure, onlyRow(byName.get(measure.name) ?? [], measure.name)),
      ]),
    ),
    breakdowns: ofTickets,
    quarantine: reasons.map(({ label, numerator }) => ({
      reasons: label ?? '',
      count: numerator,
    })),
    books: booksOf(onlyRow(bookRows, 'books')),
    frontiers: frontierRows.map((row) => ({
      source: textOf(row, 'source') ?? '',
      epoch: countOf(row, 'epoch') ?? 0,
      seq: countOf(row, 'seq') ?? 0,
      committedMs: countOf(row, 'committed_ms') ?? 0,
    })),
    recent: recentRows.map((row) => ({
      ticket_id: textOf(row, 'ticket_id'),
      created_at: textOf(row, 'created_at'),
      resolved_at: textOf(row, 'resolved_at'),
      agent: textOf(row, 'agent'),
      priority: textOf(row, 'priority'),
      num_interactions: countOf(row, 'num_interactions'),
      issue_category: textOf(row, 'issue_category'),
      channel: textOf(row, 'channel'),
      status: textOf(row, 'status'),
    })),
  };
}

function labelledFigures(
  breakdown: Breakdown,
  rows: readonly WarehouseRow[],
): readonly LabelledFigure[] {
  const measure = measureOf(breakdown);
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

function booksOf(row: WarehouseRow): Books {
  const sum = (name: keyof Books) => countOf(row, name) ?? 0;
  return {
    read: sum('read'),
    shown: sum('shown'),
    repeats: sum('repeats'),
    superseded: sum('superseded'),
    quarantined: sum('quarantined'),
    quarantined_repeats: sum('quarantined_repeats'),
    dead_lettered: sum('dead_lettered'),
  };
}

function bookKey(measureName: string): string {
  return measureName.replace(/^books_/, '');
}

function measureOf(breakdown: Breakdown): Measure {
  const found = ticketMeasures.find(({ name }) => name === breakdown.measure);
  if (!found) throw new TypeError(`${breakdown.name}: no measure ${breakdown.measure}`);
  return found;
}

function onlyRow(rows: readonly WarehouseRow[], what: string): WarehouseRow {
  const [row, ...others] = rows;
  if (row === undefined || others.length > 0) {
    throw new PipelineError('WH_5001', `${what}: ${rows.length} rows where one was asked for`);
  }
  return row;
}

function textOf(row: WarehouseRow, column: string): string | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  return String(value);
}

/** A whole number; the Data API gives BIGINT as a number and DECIMAL as text. */
function countOf(row: WarehouseRow, column: string): number | null {
  const value = row[column];
  if (value === null) return null;
  const count = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count)) {
    throw new PipelineError('WH_5001', `${column}: not a whole number: ${String(value)}`);
  }
  return count;
}
