import { beforeAll, expect, it } from 'vitest';
import {
  filterSql,
  logFilters,
  parseFilter,
  type Filter,
} from '../../../dashboards/web/figures/filters.ts';
import { assembleLogFigures, logQueries } from '../../../dashboards/web/figures/log-figures.ts';
import {
  createRedshiftWarehouse,
  type Warehouse,
} from '../../../dashboards/web/figures/warehouse.ts';
import { logPercentiles } from '../../../schemas/percentiles.ts';
import { randomFrom } from '../../model/delivery.ts';
import { startLocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;
const random = randomFrom(29);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

interface Entry {
  readonly logged: string;
  readonly log_level: string;
  readonly component: string;
  readonly event_type: string;
  readonly user_agent: string | null;
  readonly ticket_id: string | null;
  readonly response_time_ms: number | null;
  readonly cpu_percent_hundredths: number | null;
  readonly is_error: 0 | 1;
}

/** Texts that a careless key would mix up, missing and empty ones, and times around midnights. */
const entries = Array.from({ length: 240 }, (): Entry => ({
  logged: new Date(
    Date.UTC(2025, 5, 30, 21) + Math.floor(random() * 60) * HOUR_MS + 59_000,
  ).toISOString(),
  log_level: oneOf(['DEBUG', 'INFO', 'WARNING', 'ERROR']),
  component: oneOf(['a', 'a|', 'b']),
  event_type: oneOf(['|', 'a|b', 'click']),
  user_agent: oneOf([null, '', 'curl']),
  ticket_id: oneOf([null, 'T1', 'T2', 'T3', 'T4']),
  response_time_ms: oneOf([null, 0, 499, 500, 1_499, 1_500, 9_000]),
  cpu_percent_hundredths: oneOf([null, 0, 1_234]),
  is_error: oneOf([0, 1]),
}));

const rangeOf = (ms: number | null) => {
  if (ms === null) return '';
  return ms < 500
    ? '0-499 ms'
    : ms < 1_000
      ? '500-999 ms'
      : ms < 1_500
        ? '1000-1499 ms'
        : '1500 ms or more';
};

/** Where a response time is not itself the upper edge of its range. */
const edges: Readonly<Record<number, number>> = { 499: 500, 1_499: 1_500 };

/** What each choice looks at in an entry. */
const told: Readonly<Record<string, (entry: Entry) => string>> = {
  level: (entry) => entry.log_level,
  component: (entry) => entry.component,
  event: (entry) => entry.event_type,
  response: (entry) => rangeOf(entry.response_time_ms),
  weekday: (entry) => String(new Date(entry.logged).getUTCDay() || 7),
  hour: (entry) => String(new Date(entry.logged).getUTCHours()),
  user_agent: (entry) => entry.user_agent ?? '',
};

function isChosen(entry: Entry, { from, to, values }: Filter): boolean {
  const day = entry.logged.slice(0, 10);
  if ((from !== null && day < from) || (to !== null && day > to)) return false;
  return Object.entries(values).every(([name, chosen]) =>
    chosen.includes(told[name]?.(entry) ?? ''),
  );
}

/** Nothing, each choice alone, and some that come together. */
const queries = [
  '',
  ...Object.entries(told).map(
    ([name, of]) => `${name}=${encodeURIComponent(of(entries[0] as Entry))}`,
  ),
  'from=2025-07-01&to=2025-07-01',
  ...Array.from({ length: 16 }, () => {
    const names = Object.keys(told).filter(() => random() < 0.3);
    const days = random() < 0.3 ? ['from=2025-07-01'] : [];
    const choices = names.flatMap((name) =>
      [oneOf(entries), oneOf(entries)].map(
        (entry) => `${name}=${encodeURIComponent(told[name]?.(entry) ?? '')}`,
      ),
    );
    return [...days, ...choices].join('&');
  }),
];

let page: Warehouse;

beforeAll(async () => {
  const warehouse = await startLocalWarehouse();
  page = createRedshiftWarehouse(warehouse.api);
  await warehouse.putLogEntries(entries.map((entry) => ({ message: 'entry', ...entry })));
  return () => warehouse.close();
}, 60_000);

it.each([...new Set(queries)])(
  'figures under "%s" are those that counting entry by entry gives',
  async (query) => {
    const filter = parseFilter(logFilters, new URLSearchParams(query));
    if (!filter) throw new Error(`refused: ${query}`);
    const sql = filterSql(logFilters, filter);
    const { parameters } = sql;
    const figures = assembleLogFigures(
      await page.readTogether(logQueries(sql), { parameters, signal }),
    );

    const chosen = entries.filter((entry) => isChosen(entry, filter));
    const sum = (list: readonly Entry[], of: (entry: Entry) => number | null) =>
      list.reduce((total, entry) => total + (of(entry) ?? 0), 0);
    const count = (list: readonly Entry[], of: (entry: Entry) => unknown) =>
      list.filter((entry) => of(entry) !== null).length;
    const ranked = new Set<string>(logPercentiles.map(({ name }) => name));
    const parts = Object.entries(figures.measures).flatMap(([name, { numerator, denominator }]) =>
      ranked.has(name) ? [] : [[name, [numerator, denominator]] as const],
    );
    expect(Object.fromEntries(parts)).toEqual({
      log_entries: [chosen.length, null],
      logged_tickets: [
        new Set(chosen.map((entry) => entry.ticket_id)).size -
          (chosen.some((entry) => entry.ticket_id === null) ? 1 : 0),
        null,
      ],
      log_errors: [sum(chosen, (entry) => entry.is_error), null],
      error_rate: [sum(chosen, (entry) => entry.is_error), chosen.length],
      mean_response_ms: [
        sum(chosen, (entry) => entry.response_time_ms),
        count(chosen, (entry) => entry.response_time_ms),
      ],
      mean_cpu_percent: [
        sum(chosen, (entry) => entry.cpu_percent_hundredths),
        count(chosen, (entry) => entry.cpu_percent_hundredths),
      ],
      logs_quarantined: [0, null],
    });

    const responses = chosen.flatMap((entry) => entry.response_time_ms ?? []).sort((a, b) => a - b);
    for (const { name, sql: ranking } of logPercentiles) {
      const exact = responses[Math.ceil((ranking.percent / 100) * responses.length) - 1];
      expect(figures.measures[name]?.value, name).toBe(
        exact === undefined ? null : (edges[exact] ?? exact),
      );
    }

    const grouped = (of: (entry: Entry) => string) =>
      Object.fromEntries(
        [...Map.groupBy(chosen, of)].map(([label, list]) => [
          label,
          [list.length, sum(list, (entry) => entry.is_error)],
        ]),
      );
    const pairs = (name: string) => {
      const made: Record<string, number[]> = {};
      for (const { label, numerator, denominator } of figures.breakdowns[name] ?? []) {
        made[label ?? 'null'] = denominator === null ? [numerator] : [denominator, numerator];
      }
      return made;
    };
    const counts = (of: (entry: Entry) => string) =>
      Object.fromEntries(Object.entries(grouped(of)).map(([label, [all = 0]]) => [label, [all]]));
    expect(pairs('logs_by_level')).toEqual(counts((entry) => entry.log_level));
    expect(pairs('error_rate_by_component')).toEqual(grouped((entry) => entry.component));
    expect(pairs('error_rate_by_event_type')).toEqual(grouped((entry) => entry.event_type));
    expect(pairs('logs_by_user_agent')).toEqual(counts((entry) => entry.user_agent ?? 'null'));
    expect(pairs('logs_by_response_range')).toEqual(
      counts((entry) => rangeOf(entry.response_time_ms) || 'null'),
    );
    expect(pairs('logs_by_hour')).toEqual(counts((entry) => told['hour']?.(entry) ?? ''));
    expect(pairs('logs_by_day')).toEqual(counts((entry) => entry.logged.slice(0, 10)));
    const errors = chosen.filter((entry) => entry.is_error === 1);
    expect(
      figures.matrices['errors_by_weekday_and_hour']
        ?.filter(({ value }) => value > 0)
        .reduce((total, { value }) => total + value, 0),
    ).toBe(errors.length);
    expect(figures.newest.map(({ logged_at }) => logged_at)).toEqual(
      chosen
        .map((entry) => entry.logged.slice(0, 19).replace('T', ' '))
        .sort()
        .reverse()
        .slice(0, 10),
    );
  },
);
