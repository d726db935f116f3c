import { describe, expect, it } from 'vitest';
import {
  filterSql,
  noFilter,
  ticketFilters,
} from '../../../../../dashboards/web/figures/filters.ts';
import {
  assembleFigures,
  ticketFigureSet,
  ticketQueries,
} from '../../../../../dashboards/web/figures/ticket-figures.ts';
import { figureRows } from '../figure-rows.ts';

describe('query set of the tickets page', () => {
  const queries = ticketQueries(filterSql(ticketFilters, noFilter));
  const figures = queries.slice(4).join('\nUNION ALL\n');

  it('reads reporting views and nothing else', () => {
    for (const query of queries) {
      const tables = [...query.matchAll(/\bFROM\s+([^\s(]+)/g)].map(([, table]) => table);
      expect(tables.length).toBeGreaterThan(0);
      const own = [...query.matchAll(/(?:WITH |,\n)(\w+) AS \(/g)].map(([, name]) => name);
      for (const table of tables) {
        if (!own.includes(table)) expect(table).toMatch(/^reporting\.[a-z_]+$/);
      }
    }
  });

  it('holds every measure and breakdown of the catalogue once', () => {
    const { measures, breakdowns, matrices } = ticketFigureSet;
    for (const { name } of [...measures, ...breakdowns, ...matrices]) {
      expect(figures.split(`CAST('${name}' AS`).length - 1).toBe(1);
    }
  });

  it('asks for a bounded number of rows, whatever texts a column holds', () => {
    const branches = figures.split('\nUNION ALL\n');
    const { breakdowns, matrices } = ticketFigureSet;
    for (const { name } of [...breakdowns, ...matrices]) {
      const branch = branches.find((each) => each.includes(`CAST('${name}' AS`));
      expect(branch).toMatch(/ ORDER BY .* LIMIT \d+\) b$/);
    }
    expect(queries[2]).toMatch(/LIMIT \d+$/);
  });

  it('reads each table in a statement of its own, and each view once', () => {
    const read = queries
      .slice(4)
      .map((query) => [...query.matchAll(/\bFROM (reporting\.\w+)/g)].map(([, view]) => view));
    expect(read).toEqual([
      ['reporting.tickets', 'reporting.tickets', 'reporting.ticket_ages'],
      ['reporting.quarantine'],
      ['reporting.ticket_backlog', 'reporting.ticket_periods', 'reporting.ticket_periods'],
      ['reporting.ticket_errors'],
      // Percentiles rank by what nothing else is grouped by.
      ['reporting.tickets'],
    ]);
  });

  it('divides nothing and averages nothing in the warehouse', () => {
    for (const query of queries) expect(query).not.toMatch(/\bAVG\b|\//i);
  });
});

describe('figures', () => {
  it('keeps numerator and denominator and does not round what they make', () => {
    const { measures } = assembleFigures(
      figureRows({
        measures: {
          tickets_shown: [3],
          mean_interactions: [10, 3],
          mean_resolution_minutes: ['150', 2],
        },
      }),
    );
    expect(measures['tickets_shown']).toEqual({ value: 3, numerator: 3, denominator: null });
    expect(measures['mean_interactions']).toEqual({
      value: 10 / 3,
      numerator: 10,
      denominator: 3,
    });
    // 150 seconds over two tickets: 1.25 minutes each. Sums may come as text (DECIMAL).
    expect(measures['mean_resolution_minutes']?.value).toBe(1.25);
  });

  it('of an empty warehouse are zero, and a mean of nothing is none', () => {
    const { measures, books, quarantine } = assembleFigures(figureRows({}));
    expect(measures['tickets_shown']?.value).toBe(0);
    expect(measures['mean_interactions']).toEqual({ value: null, numerator: 0, denominator: 0 });
    expect(books).toEqual({
      read: 0,
      shown: 0,
      repeats: 0,
      superseded: 0,
      quarantined: 0,
      quarantined_repeats: 0,
      dead_lettered: 0,
    });
    expect(quarantine).toEqual([]);
  });

  it('put the largest group first, equal ones by label, and the latest day first', () => {
    const { breakdowns } = assembleFigures(
      figureRows({
        breakdowns: {
          tickets_by_agent: [
            ['Zoe', 2],
            ['Ann', 2],
            ['Kim', 5],
          ],
          tickets_by_day: [
            ['2025-07-01', 9],
            ['2025-07-03', 1],
            ['2025-07-02', 4],
          ],
          resolution_rate_by_channel: [
            ['Chat', 1, 2],
            ['Email', 1, 4],
          ],
        },
      }),
    );
    const labels = (name: string) => breakdowns[name]?.map(({ label }) => label);
    expect(labels('tickets_by_agent')).toEqual(['Kim', 'Ann', 'Zoe']);
    expect(labels('tickets_by_day')).toEqual(['2025-07-03', '2025-07-02', '2025-07-01']);
    expect(labels('resolution_rate_by_channel')).toEqual(['Email', 'Chat']);
    expect(breakdowns['resolution_rate_by_channel']?.[0]).toEqual({
      label: 'Email',
      value: 0.25,
      numerator: 1,
      denominator: 4,
    });
  });

  it('list quarantine by its reasons, apart from the breakdowns', () => {
    const { quarantine, breakdowns } = assembleFigures(
      figureRows({
        breakdowns: {
          quarantined_by_reasons: [
            ['agent:missing', 2],
            ['priority:unknown-value,status:missing', 7],
          ],
        },
      }),
    );
    expect(quarantine).toEqual([
      { reasons: 'priority:unknown-value,status:missing', count: 7 },
      { reasons: 'agent:missing', count: 2 },
    ]);
    expect(breakdowns).not.toHaveProperty('quarantined_by_reasons');
  });

  it.each([
    ['half a number', 1.5],
    ['a text', 'many'],
    ['a number that has lost its last digits', 2 ** 53],
  ])('refuse %s where a count was asked for', (_what, value) => {
    expect(() => assembleFigures(figureRows({ measures: { tickets_shown: [value] } }))).toThrow(
      expect.objectContaining({ code: 'WH_5001' }),
    );
  });

  it('refuse an answer in which a measure is missing or twice', () => {
    const [books = [], frontiers = [], recent = [], choices = [], ...figures] = figureRows({});
    const all = figures.flat();
    const without = all.filter(({ figure }) => figure !== 'agents');
    const twice = [...all, ...all.filter(({ figure }) => figure === 'agents')];
    for (const rows of [without, twice]) {
      const results = [books, frontiers, recent, choices, rows];
      expect(() => assembleFigures(results)).toThrow(/agents: [02] rows/);
    }
  });
});
