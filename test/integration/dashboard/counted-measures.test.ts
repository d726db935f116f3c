/** Every figure of the catalogue, counted row by row from what was put in, beside its SQL twin. */
import { beforeAll, expect, it } from 'vitest';
import { keyHash } from '../../../schemas/image-identity.ts';
import {
  historyMeasures,
  logBooks,
  logMeasures,
  measureSql,
  ticketBooks,
  ticketMeasures,
  type Measure,
} from '../../../schemas/measures.ts';
import {
  logPercentiles,
  percentileSql,
  ticketPercentiles,
  type Percentile,
} from '../../../schemas/percentiles.ts';
import { randomFrom } from '../../model/delivery.ts';
import { startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();
const random = randomFrom(45);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const upTo = (most: number) => Math.floor(random() * (most + 1));

interface Ticket {
  readonly id: string;
  readonly copies: number;
  readonly accepted: 0 | 1;
  readonly latest: 0 | 1;
  readonly rules: number;
  readonly agent: string;
  readonly status: string;
  readonly interactions: number;
  readonly seconds: number | null;
}

interface Entry {
  readonly copies: number;
  readonly accepted: 0 | 1;
  readonly rules: number;
  readonly ticket: string | null;
  readonly level: string;
  readonly error: 0 | 1;
  readonly response: number | null;
  readonly cpu: number | null;
}

/** Edges of the ranges and their neighbours, so that a wrong comparison shows; few, so that many tie. */
const durations = [0, 1, 9, 10, 11, 1_715, 2_000, 2_001, 2_049, 9_999, 10_001, 99_501, 1_000_001];

const ticketOf = (index: number, accepted: 0 | 1 = oneOf([0, 1, 1, 1])): Ticket => ({
  id: `T${index}`,
  copies: 1 + upTo(2),
  accepted,
  latest: accepted === 1 ? oneOf([0, 1, 1]) : 1,
  rules: accepted === 1 ? 1 : oneOf([0, 1]),
  agent: oneOf(['Ann', 'ann', 'Kim', '']),
  status: oneOf(['Open', 'Resolved', 'Escalated']),
  interactions: upTo(9),
  seconds: oneOf([null, ...durations.map((each) => each * 6)]),
});

const entryOf = (accepted: 0 | 1 = oneOf([0, 1, 1, 1])): Entry => ({
  copies: 1 + upTo(2),
  accepted,
  rules: accepted === 1 ? 1 : oneOf([0, 1]),
  ticket: oneOf([null, 'T1', 'T2', 't2']),
  level: oneOf(['INFO', 'ERROR']),
  error: oneOf([0, 1]),
  response: oneOf([null, ...durations]),
  cpu: oneOf([null, 0, 2_764, 10_000]),
});

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_none, index) => make(index));

const worlds: readonly (readonly [string, readonly Ticket[], readonly Entry[]])[] = [
  ['nothing', [], []],
  ['only what is set aside', times(9, (index) => ticketOf(index, 0)), times(9, () => entryOf(0))],
  [
    'one row without a duration',
    [{ ...ticketOf(1, 1), latest: 1, seconds: null }],
    [{ ...entryOf(1), response: null, cpu: null, ticket: null }],
  ],
  [
    'one row',
    [{ ...ticketOf(1, 1), latest: 1, seconds: 6 * 1_715 }],
    [{ ...entryOf(1), response: 2_001 }],
  ],
  [
    'rows that all tie',
    times(7, (index) => ({ ...ticketOf(index, 1), latest: 1 as const, seconds: 60 })),
    times(7, () => ({ ...entryOf(1), response: 1_000 })),
  ],
  ['rows of all kinds', times(150, (index) => ticketOf(index)), times(150, () => entryOf())],
];

type Counted = readonly [numerator: number, denominator?: number];
type Named<List extends readonly { readonly name: string }[]> = List[number]['name'];

const sum = <T>(rows: readonly T[], of: (row: T) => number) =>
  rows.reduce((total, row) => total + of(row), 0);
const present = <T>(values: readonly (T | null)[]) => values.filter((each) => each !== null);
const mean = (values: readonly (number | null)[]): Counted => [
  sum(present(values), (each) => each),
  present(values).length,
];
const further = (rows: readonly { readonly copies: number }[]) =>
  sum(rows, (row) => row.copies - 1);

const isShown = (row: Ticket) => row.accepted === 1 && row.latest === 1;

function countTickets(rows: readonly Ticket[]): Record<Named<typeof ticketMeasures>, Counted> {
  const shown = rows.filter(isShown);
  const of = (status: string): Counted => [shown.filter((row) => row.status === status).length];
  return {
    tickets_shown: [shown.length],
    tickets_resolved: of('Resolved'),
    tickets_open: of('Open'),
    tickets_escalated: of('Escalated'),
    agents: [new Set(shown.map(({ agent }) => agent)).size],
    resolution_rate: [of('Resolved')[0], shown.length],
    mean_interactions: mean(shown.map(({ interactions }) => interactions)),
    mean_resolution_minutes: mean(shown.map(({ seconds }) => seconds)),
    tickets_quarantined: [rows.filter((row) => row.accepted === 0).length],
  };
}

function countTicketBooks(rows: readonly Ticket[]): Readonly<Record<string, Counted>> {
  const accepted = rows.filter((row) => row.accepted === 1);
  const aside = rows.filter((row) => row.accepted === 0 && row.rules > 0);
  const latest = accepted.filter((row) => row.latest === 1).length;
  return {
    books_read: [sum(rows, ({ copies }) => copies)],
    books_shown: [latest],
    books_repeats: [further(accepted)],
    books_superseded: [accepted.length - latest],
    books_quarantined: [aside.length],
    books_quarantined_repeats: [further(aside)],
    books_dead_lettered: [
      sum(
        rows.filter((row) => row.rules === 0),
        ({ copies }) => copies,
      ),
    ],
  };
}

function countLogs(rows: readonly Entry[]): Record<Named<typeof logMeasures>, Counted> {
  const shown = rows.filter((row) => row.accepted === 1);
  const errors = sum(shown, ({ error }) => error);
  return {
    log_entries: [shown.length],
    logged_tickets: [new Set(present(shown.map(({ ticket }) => ticket))).size],
    log_errors: [errors],
    error_rate: [errors, shown.length],
    mean_response_ms: mean(shown.map(({ response }) => response)),
    mean_cpu_percent: mean(shown.map(({ cpu }) => cpu)),
    logs_quarantined: [rows.length - shown.length],
  };
}

function countLogBooks(rows: readonly Entry[]): Readonly<Record<string, Counted>> {
  const accepted = rows.filter((row) => row.accepted === 1);
  const aside = rows.filter((row) => row.accepted === 0 && row.rules > 0);
  return {
    log_books_read: [sum(rows, ({ copies }) => copies)],
    log_books_shown: [accepted.length],
    log_books_repeats: [further(accepted)],
    log_books_quarantined: [aside.length],
    log_books_quarantined_repeats: [further(aside)],
    log_books_dead_lettered: [
      sum(
        rows.filter((row) => row.rules === 0),
        ({ copies }) => copies,
      ),
    ],
  };
}

/** These come of a history, which test/model/status-periods.test.ts plays forward and counts. */
const ofPeriods = [
  'tickets_opened',
  'tickets_closed',
  'backlog',
  'tickets_reopened',
  'reopen_rate',
  'mean_hours_in_status',
] as const;
const isOfPeriods = (name: string) => ofPeriods.some((each) => each === name);

function countHistory(
  tickets: readonly Ticket[],
  entries: readonly Entry[],
): Record<Exclude<Named<typeof historyMeasures>, (typeof ofPeriods)[number]>, Counted> {
  const shown = tickets.filter(isShown);
  const open = shown.filter(({ status }) => status === 'Open').length;
  // All were created at once, so an open ticket is as old as the latest resolution.
  const age = Math.max(0, ...present(shown.map(({ seconds }) => seconds)));
  const named = entries.flatMap(({ accepted, level, ticket }) =>
    accepted === 1 && level === 'ERROR' && ticket !== null ? [ticket] : [],
  );
  const ids = new Set(shown.map(({ id }) => id));
  const ofShown = named.filter((ticket) => ids.has(ticket));
  return {
    mean_open_age_hours: [open * age, open],
    open_tickets_by_age: [open],
    ticket_errors: [ofShown.length],
    tickets_with_errors: [new Set(ofShown).size],
    errors_without_ticket: [named.length - ofShown.length],
  };
}

/** The nearest rank: the least value that the share of the values does not pass. */
function rank(values: readonly number[], percent: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * values.length) - 1];
}

let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
  return () => warehouse.close();
}, 60_000);

async function put(tickets: readonly Ticket[], entries: readonly Entry[]): Promise<void> {
  await warehouse.database.query(
    'DELETE FROM careplus.ticket_state; DELETE FROM careplus.log_entry; DELETE FROM ops.log_frontier',
  );
  const created = '2025-07-01T10:00:00Z';
  await warehouse.putRows(
    tickets.map((row) => ({
      ...{ ticket_id: row.id, key_hash: keyHash(row.id, ''), created, copies: row.copies },
      ...{ accepted: row.accepted, is_latest: row.latest, rules_version: row.rules },
      ...{ agent: row.agent, status: row.status, num_interactions: row.interactions },
      ...(row.seconds === null
        ? {}
        : { resolved: new Date(Date.parse(created) + row.seconds * 1_000).toISOString() }),
    })),
  );
  await warehouse.putLogEntries(
    entries.map((row) => ({
      ...{ message: 'entry', copies: row.copies, accepted: row.accepted, is_error: row.error },
      ...{ rules_version: row.rules, ticket_id: row.ticket, response_time_ms: row.response },
      log_level: row.level,
      cpu_percent_hundredths: row.cpu,
    })),
  );
}

async function twinOf(measure: Measure): Promise<Counted> {
  const { rows } = await warehouse.api.query(measureSql(measure), { signal });
  const { numerator, denominator } = rows[0] ?? {};
  return denominator === undefined ? [Number(numerator)] : [Number(numerator), Number(denominator)];
}

async function edgeOf(percentile: Percentile): Promise<number | undefined> {
  const { rows } = await warehouse.api.query(percentileSql(percentile), { signal });
  const edge = rows[0]?.['edge'];
  return edge === null || edge === undefined ? undefined : Number(edge);
}

it.each(worlds)('of %s', async (_what, tickets, entries) => {
  await put(tickets, entries);
  const counted = {
    ...{ ...countTickets(tickets), ...countTicketBooks(tickets) },
    ...{ ...countLogs(entries), ...countLogBooks(entries) },
    ...countHistory(tickets, entries),
  };
  const twins: Record<string, Counted> = {};
  const catalogue: readonly Measure[] = [
    ...ticketMeasures,
    ...ticketBooks,
    ...logMeasures,
    ...logBooks,
    ...historyMeasures.filter(({ name }) => !isOfPeriods(name)),
  ];
  for (const measure of catalogue) {
    twins[measure.name] = await twinOf(measure);
  }
  expect(twins).toEqual(counted);

  const seconds = tickets.filter(isShown).map((row) => row.seconds);
  const responses = entries.filter((row) => row.accepted === 1).map((row) => row.response);
  for (const [percentiles, values, unit] of [
    [ticketPercentiles, present(seconds), 60],
    [logPercentiles, present(responses), 10],
  ] as const) {
    for (const percentile of percentiles) {
      const edge = await edgeOf(percentile);
      const exact = rank(values, percentile.sql.percent);
      if (edge === undefined || exact === undefined) {
        expect([percentile.name, edge]).toEqual([percentile.name, exact]);
        continue;
      }
      // Never too low, at most a unit or 5 % too high, and the edge of a range that is not empty.
      expect(edge, percentile.name).toBeGreaterThanOrEqual(exact);
      expect(edge - exact, percentile.name).toBeLessThanOrEqual(Math.max(unit, exact / 20));
      expect(edge % unit, percentile.name).toBe(0);
    }
  }
});
