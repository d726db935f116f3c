import { describe, expect, it } from 'vitest';
import {
  filterSql,
  logFilters,
  ticketFilters,
  type Filter,
} from '../../../../../dashboards/web/figures/filters.ts';
import { logFigureSet } from '../../../../../dashboards/web/figures/log-figures.ts';
import { daysBefore, periodBefore } from '../../../../../dashboards/web/figures/period-before.ts';
import { ticketFigureSet } from '../../../../../dashboards/web/figures/ticket-figures.ts';

const days = (from: string | null, to: string | null, values: Filter['values'] = {}): Filter => ({
  from,
  to,
  values,
});

describe('the days before the chosen ones', () => {
  it.each([
    ['2025-07-25', '2025-07-31', { from: '2025-07-18', to: '2025-07-24' }],
    ['2025-07-31', '2025-07-31', { from: '2025-07-30', to: '2025-07-30' }],
    ['2024-03-01', '2024-03-02', { from: '2024-02-28', to: '2024-02-29' }],
    ['2025-07-31', '2025-07-30', undefined],
    // Before the first day that a warehouse knows.
    ['0001-01-01', '0001-01-03', undefined],
    ['0001-01-01', '9999-12-31', undefined],
    ['2025-07-25', null, undefined],
    [null, '2025-07-31', undefined],
    [null, null, undefined],
  ])('%s to %s', (from, to, expected) => {
    expect(daysBefore(days(from, to))).toEqual(expected);
  });
});

describe('measures of the days before', () => {
  const filter = days('2025-07-25', '2025-07-31', { status: ['Open', ''], agent: ["O'Neill"] });

  it('are those that the days narrow down, under the same choice', () => {
    const before = periodBefore(ticketFilters, filter, () => ticketFigureSet);
    expect(before?.parameters).toEqual({ before_from: '2025-07-18', before_to: '2025-07-24' });
    const query = before?.queries.join('\n') ?? '';
    // Whatever else is named is bound by the filter of the page itself.
    const named = [...query.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
    const bound = { ...filterSql(ticketFilters, filter).parameters, ...before?.parameters };
    expect(named.filter((name) => !(name in bound))).toEqual([]);
    expect(new Set(named)).toEqual(new Set(['before_from', 'before_to', 'status_1', 'agent_1']));
    expect(query).toContain(`CAST('tickets_shown' AS`);
    for (const whole of ['tickets_quarantined', 'tickets_reopened', 'tickets_with_errors']) {
      expect(query).not.toContain(`CAST('${whole}' AS`);
    }
  });

  it('are read as the figures are', () => {
    const onlyTickets = {
      ...{ measures: ticketFigureSet.measures.slice(0, 1), breakdowns: [], matrices: [] },
    };
    const before = periodBefore(ticketFilters, filter, () => onlyTickets);
    const row = { figure: 'tickets_shown', label: '', numerator: 7, denominator: null };
    expect(before?.read([[row]])).toEqual({
      ...{ from: '2025-07-18', to: '2025-07-24' },
      measures: { tickets_shown: { value: 7, numerator: 7, denominator: null } },
    });
    expect(() => before?.read([])).toThrow(/tickets_shown/);
  });

  it('are none when no figure knows both the days and the choice', () => {
    const onlyAside = {
      ...{ breakdowns: [], matrices: [] },
      measures: logFigureSet.measures.filter(({ name }) => name === 'logs_quarantined'),
    };
    expect(periodBefore(logFilters, filter, () => onlyAside)).toBeUndefined();
  });
});
