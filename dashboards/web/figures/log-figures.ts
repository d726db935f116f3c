import { logBreakdowns, logMeasures } from '../../../schemas/measures.ts';
import { booksOf, booksQuery, type Books } from './books.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import { figuresQuery, readFigures, type Figures } from './measure-queries.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

const LISTED_ENTRIES = 20;

/** A log entry as the page lists it; the time is `YYYY-MM-DD HH:MM:SS`, UTC. */
interface ListedEntry {
  readonly entry_id: string | null;
  readonly logged_at: string | null;
  readonly log_level: string | null;
  readonly ticket_id: string | null;
  readonly component: string | null;
  readonly event_type: string | null;
  readonly response_time_ms: number | null;
  readonly message: string | null;
}

/** All figures of one warehouse state. */
export interface LogFigures extends Figures {
  /** Different entries in quarantine by their list of reasons, the most frequent first. */
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly slowest: readonly ListedEntry[];
  readonly newest: readonly ListedEntry[];
  readonly frontiers: readonly Frontier[];
}

const QUARANTINE_BREAKDOWN = 'quarantined_logs_by_reasons';
const set = { measures: logMeasures, breakdowns: logBreakdowns };

/** The whole query set of the logs page. */
export function logQueries(): readonly string[] {
  return [
    figuresQuery(set),
    booksQuery('logs'),
    frontierQuery('logs'),
    entriesQuery('response_time_ms IS NOT NULL', 'response_time_ms DESC, logged_at DESC, entry_id'),
    entriesQuery('logged_at IS NOT NULL', 'logged_at DESC, entry_id'),
  ];
}

/** Messages are cut here: an entry may be long, and what is listed is read at a glance. */
function entriesQuery(where: string, order: string): string {
  return (
    `SELECT entry_id, CAST(logged_at AS VARCHAR(19)) AS logged_at, log_level, ticket_id, component, ` +
    `event_type, response_time_ms, LEFT(message, 200) AS message FROM reporting.log_entries ` +
    `WHERE ${where} ORDER BY ${order} LIMIT ${LISTED_ENTRIES}`
  );
}

/**
 * Makes the figures of the rows that {@link logQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a row is missing or a value is not what was asked for.
 */
export function assembleLogFigures(results: readonly (readonly WarehouseRow[])[]): LogFigures {
  const [figureRows = [], bookRows = [], frontierRows = [], slowest = [], newest = []] = results;
  const { measures, breakdowns } = readFigures(set, figureRows);
  const { [QUARANTINE_BREAKDOWN]: reasons = [], ...ofEntries } = breakdowns;
  return {
    measures,
    breakdowns: ofEntries,
    quarantine: reasons.map(({ label, numerator }) => ({ reasons: label ?? '', count: numerator })),
    books: booksOf(onlyRow(bookRows, 'books of logs')),
    frontiers: frontierRows.map(frontierOf),
    slowest: slowest.map(entryOf),
    newest: newest.map(entryOf),
  };
}

function entryOf(row: WarehouseRow): ListedEntry {
  return {
    entry_id: textOf(row, 'entry_id'),
    logged_at: textOf(row, 'logged_at'),
    log_level: textOf(row, 'log_level'),
    ticket_id: textOf(row, 'ticket_id'),
    component: textOf(row, 'component'),
    event_type: textOf(row, 'event_type'),
    response_time_ms: countOf(row, 'response_time_ms'),
    message: textOf(row, 'message'),
  };
}
