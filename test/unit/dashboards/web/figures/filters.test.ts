import { describe, expect, it } from 'vitest';
import {
  filterKey,
  filterSql,
  logFilters,
  noFilter,
  parseFilter,
  ticketFilters,
  whereClause,
} from '../../../../../dashboards/web/figures/filters.ts';

const parse = (query: string) => parseFilter(ticketFilters, new URLSearchParams(query));
const sqlOf = (query: string) => {
  const filter = parse(query);
  if (!filter) throw new Error(`refused: ${query}`);
  return filterSql(ticketFilters, filter);
};

describe('filter of an address', () => {
  it('is open where nothing is said, and passes over what is not its own', () => {
    expect(parse('')).toEqual(noFilter);
    expect(parse('utm_source=mail&page=3&level=ERROR')).toEqual(noFilter);
  });

  it('takes days and any number of values, each once', () => {
    expect(parse('from=2024-02-29&status=Open&status=Escalated&status=Open&agent=')).toEqual({
      from: '2024-02-29',
      to: null,
      values: { status: ['Escalated', 'Open'], agent: [''] },
    });
  });

  it.each([
    'from=2025-02-29',
    'to=2025-13-01',
    'from=yesterday',
    'from=2025-7-1',
    `to=2025-07-01'`,
    'agent=a%00b',
    `agent=${'a'.repeat(1_025)}`,
    Array.from({ length: 21 }, (_each, index) => `agent=${index}`).join('&'),
  ])('refuses %s', (query) => {
    expect(parse(query)).toBeUndefined();
  });

  it('has one name, in whatever order it was chosen', () => {
    const names = ['status=Open&agent=A&agent=B', 'agent=B&agent=A&status=Open'].map((query) =>
      filterKey(parse(query) ?? noFilter),
    );
    expect(names[0]).toBe(names[1]);
    expect(filterKey(parse('agent=A') ?? noFilter)).not.toBe(
      filterKey(parse('channel=A') ?? noFilter),
    );
  });
});

describe('filter in SQL', () => {
  const evil = `'; DROP TABLE x; -- \\ :status_1`;

  it('holds nothing of what a person wrote: all of it is bound', () => {
    const sql = sqlOf(
      new URLSearchParams([
        ['from', '2025-07-01'],
        ['agent', evil],
        ['status', 'Open'],
      ]).toString(),
    );
    const where = whereClause('reporting.tickets', sql, "status = 'x'");
    expect(where).toBe(
      " WHERE status = 'x' AND created_date >= CAST(:from_day AS DATE) " +
        'AND status IN (CAST(:status_1 AS VARCHAR(4096))) ' +
        'AND agent IN (CAST(:agent_1 AS VARCHAR(4096)))',
    );
    expect(sql.parameters).toEqual({ from_day: '2025-07-01', agent_1: evil, status_1: 'Open' });
  });

  it('binds no empty text, which the Data API refuses: rows without a value are asked for by name', () => {
    expect(sqlOf('agent=').parameters).toEqual({});
    expect(sqlOf('agent=').conditions('reporting.tickets')).toEqual([
      "(agent IS NULL OR agent = '')",
    ]);
    expect(sqlOf('agent=&agent=Ann').conditions('reporting.tickets')).toEqual([
      "(agent IN (CAST(:agent_1 AS VARCHAR(4096))) OR agent IS NULL OR agent = '')",
    ]);
  });

  it('narrows a view down by all that was chosen, or not at all', () => {
    const sql = sqlOf('agent=Ann&from=2025-07-01');
    expect(sql.conditions('reporting.ticket_ages')).toHaveLength(2);
    expect(sql.conditions('reporting.ticket_periods')).toBeNull();
    expect(sql.conditions('reporting.quarantine')).toBeNull();
    expect(whereClause('reporting.ticket_periods', sql)).toBe('');
    expect(sqlOf('agent=Ann').conditions('reporting.ticket_periods')).toHaveLength(1);
  });

  it('is nothing where nothing was chosen', () => {
    const sql = filterSql(logFilters, noFilter);
    expect(sql.parameters).toEqual({});
    for (const view of ['reporting.log_entries', 'reporting.quarantine']) {
      expect(sql.conditions(view)).toEqual([]);
      expect(whereClause(view, sql)).toBe('');
    }
  });
});
