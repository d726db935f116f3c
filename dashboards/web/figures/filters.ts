import { logSumRelations } from '../../../schemas/measures.ts';
import type { QueryParameters } from './warehouse.ts';

/** SQL expressions over views that give the same thing; of ours, never of a person. */
type ByView = Readonly<Record<string, string>>;

/** A column by which a page can be narrowed down. */
interface FilterColumn {
  /** In addresses, parameters and documents: lower case letters and `_`. */
  readonly name: string;
  readonly title: string;
  /** A text, in each view that has it. */
  readonly sql: ByView;
  /** Whether the page offers its values; the others are reached from a chart. */
  readonly offered: boolean;
}

/** What a page's figures can be narrowed down by. */
export interface FilterSet {
  /** The view whose values are offered; it has all of the columns. */
  readonly view: string;
  /** A DATE, in each view that has it. */
  readonly day: ByView;
  readonly columns: readonly FilterColumn[];
  /** A view of sums that tells the offered values and the days sooner, and the dimension of each. */
  readonly summed?: {
    readonly view: string;
    readonly dimensions: Readonly<Record<string, string>>;
  };
}

const tickets = 'reporting.tickets';
const ages = 'reporting.ticket_ages';
const entries = 'reporting.log_entries';
const hours = 'reporting.log_hours';

/** The same column, by its own name, in each of these views. */
function named(column: string, ...views: readonly string[]): ByView {
  return Object.fromEntries(views.map((view) => [view, column]));
}

/** A column of the entries, in the entries and in all sums that tell it. */
function ofEntries(column: string, sql = column): ByView {
  const summed = logSumRelations.filter(({ columns }) => columns.includes(column));
  return Object.fromEntries(
    [entries, ...summed.map(({ from }) => from)].map((from) => [from, sql]),
  );
}

const ofTickets = [tickets, 'reporting.ticket_periods', ages, 'reporting.ticket_errors'];

export const ticketFilters: FilterSet = {
  view: tickets,
  day: { [tickets]: 'created_date', [ages]: 'CAST(created_at AS DATE)' },
  columns: [
    {
      name: 'status',
      title: 'Status',
      // Only open tickets have an age there.
      sql: { ...named('status', tickets, 'reporting.ticket_errors'), [ages]: `'Open'` },
      offered: true,
    },
    { name: 'priority', title: 'Priority', sql: named('priority', ...ofTickets), offered: true },
    { name: 'channel', title: 'Channel', sql: named('channel', ...ofTickets), offered: true },
    { name: 'agent', title: 'Agent', sql: named('agent', ...ofTickets), offered: true },
    {
      name: 'category',
      title: 'Category',
      sql: named('issue_category', ...ofTickets),
      offered: false,
    },
    {
      name: 'weekday',
      title: 'Weekday',
      sql: { [tickets]: 'CAST(created_weekday AS VARCHAR(1))' },
      offered: false,
    },
    {
      name: 'hour',
      title: 'Hour',
      sql: { [tickets]: 'CAST(created_hour AS VARCHAR(2))' },
      offered: false,
    },
  ],
};

export const logFilters: FilterSet = {
  view: entries,
  summed: { view: hours, dimensions: { level: 'level', component: 'component' } },
  day: { ...ofEntries('logged_date'), ...named('logged_date', hours) },
  columns: [
    { name: 'level', title: 'Level', sql: ofEntries('log_level'), offered: true },
    { name: 'component', title: 'Component', sql: ofEntries('component'), offered: true },
    { name: 'event', title: 'Event', sql: ofEntries('event_type'), offered: false },
    // What the errors count: an entry of another level may be one.
    {
      name: 'error',
      title: 'Error',
      sql: { [entries]: 'CAST(error_count AS VARCHAR(1))' },
      offered: false,
    },
    {
      name: 'response',
      title: 'Response time',
      sql: ofEntries('response_range'),
      offered: false,
    },
    {
      name: 'weekday',
      title: 'Weekday',
      sql: ofEntries('logged_weekday', 'CAST(logged_weekday AS VARCHAR(1))'),
      offered: false,
    },
    {
      name: 'hour',
      title: 'Hour',
      sql: ofEntries('logged_hour', 'CAST(logged_hour AS VARCHAR(2))'),
      offered: false,
    },
    { name: 'user_agent', title: 'User agent', sql: ofEntries('user_agent'), offered: false },
  ],
};

/** What was chosen. A page without a choice shows everything. */
export interface Filter {
  /** First and last day, `YYYY-MM-DD`, both included. */
  readonly from: string | null;
  readonly to: string | null;
  /** Values by column; '' stands for rows without one. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** Everything. */
export const noFilter: Filter = { from: null, to: null, values: {} };

/** Values of one column that can be chosen together. */
const MOST_VALUES = 20;
/** Longest text of a filtered column; longer ones are cut by the warehouse's columns. */
const LONGEST_VALUE = 1_024;

/**
 * Reads the filter of an address: `from`, `to`, and each column's name as often as it has values.
 * Everything else in the address is not ours.
 *
 * @returns undefined when it asks for what cannot be.
 */
export function parseFilter(set: FilterSet, query: URLSearchParams): Filter | undefined {
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  if (![from, to].every((day) => day === '' || isDay(day))) return undefined;
  const values: Record<string, readonly string[]> = {};
  for (const { name } of set.columns) {
    const chosen = [...new Set(query.getAll(name))].sort();
    if (chosen.length > MOST_VALUES) return undefined;
    if (chosen.some((value) => value.length > LONGEST_VALUE || value.includes('\0'))) {
      return undefined;
    }
    if (chosen.length > 0) values[name] = chosen;
  }
  return { from: from === '' ? null : from, to: to === '' ? null : to, values };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** The same choice is the same text, in whatever order it was made. */
export function filterKey(filter: Filter): string {
  return JSON.stringify([filter.from, filter.to, Object.entries(filter.values).sort()]);
}

/** A filter as SQL: what a person wrote stands in parameters only. */
export interface FilterSql {
  /**
   * Conditions over a view, to be joined by AND; none when nothing was chosen, and null when the
   * view does not have all that was chosen.
   */
  conditions(view: string): readonly string[] | null;
  readonly parameters: QueryParameters;
}

export function filterSql(set: FilterSet, filter: Filter): FilterSql {
  const parameters: Record<string, string> = {};
  const bind = (name: string, value: string): string => {
    parameters[name] = value;
    return `:${name}`;
  };
  const conditions: { readonly sql: ByView; readonly of: (expression: string) => string }[] = [];
  const days = [
    ['from_day', '>=', filter.from],
    ['to_day', '<=', filter.to],
  ] as const;
  for (const [name, comparison, day] of days) {
    if (day === null) continue;
    const bound = `CAST(${bind(name, day)} AS DATE)`;
    conditions.push({ sql: set.day, of: (column) => `${column} ${comparison} ${bound}` });
  }
  for (const { name, sql } of set.columns) {
    const chosen = filter.values[name];
    if (chosen === undefined) continue;
    const bound = chosen
      .filter((value) => value !== '')
      .map((value, index) => `CAST(${bind(`${name}_${index + 1}`, value)} AS VARCHAR(4096))`);
    const orNone = chosen.includes('');
    conditions.push({ sql, of: (column) => oneOf(column, bound, orNone) });
  }
  return {
    parameters,
    conditions(view) {
      const made: string[] = [];
      for (const { sql, of } of conditions) {
        const column = sql[view];
        if (column === undefined) return null;
        made.push(of(column));
      }
      return made;
    },
  };
}

function oneOf(column: string, bound: readonly string[], orNone: boolean): string {
  const choices = [
    ...(bound.length > 0 ? [`${column} IN (${bound.join(', ')})`] : []),
    ...(orNone ? [`${column} IS NULL`, `${column} = ''`] : []),
  ];
  return choices.length === 1 ? choices.join() : `(${choices.join(' OR ')})`;
}

/**
 * ` WHERE …` of a query over a view: its own condition, and the filter's. A view that does not
 * have all that was chosen is not narrowed at all: half a filter would be neither.
 */
export function whereClause(view: string, filter: FilterSql, own?: string): string {
  const conditions = [...(own === undefined ? [] : [own]), ...(filter.conditions(view) ?? [])];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}
