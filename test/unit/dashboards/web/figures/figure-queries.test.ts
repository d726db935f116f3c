import { expect, it } from 'vitest';
import type { Breakdown, Measure } from '../../../../../schemas/measures.ts';
import { figureQueries } from '../../../../../dashboards/web/figures/figure-queries.ts';
import {
  filterSql,
  logFilters,
  noFilter,
  parseFilter,
} from '../../../../../dashboards/web/figures/filters.ts';
import { logQueries } from '../../../../../dashboards/web/figures/log-figures.ts';
import type { MeasureSet } from '../../../../../dashboards/web/figures/measure-queries.ts';

const everything = filterSql(logFilters, noFilter);
const told = { title: '', dax: '', format: '#,0', population: '', description: '' } as const;

const measure = (name: string, sql: Measure['sql']): Measure => ({ ...told, name, sql });
const split = (name: string, of: string, column: string, byRow?: true): Breakdown => ({
  ...{ name, title: '', measure: of, by: { column, dax: '' }, order: 'largest' },
  ...(byRow && { byRow }),
});
const setOf = (measures: readonly Measure[], breakdowns: readonly Breakdown[]): MeasureSet => ({
  ...{ measures, breakdowns, matrices: [] },
});
const errors = measure('errors', {
  ...{ from: 'reporting.ticket_errors', where: "ticket_shown = 'Yes'", numerator: 'SUM(errors)' },
});
const agents = measure('agents', {
  ...{ from: 'reporting.tickets', numerator: 'COUNT(DISTINCT agent)' },
});

/** What a statement reads, in its order. */
const viewsOf = (sql: string) => [...sql.matchAll(/\bFROM (reporting\.\w+)/g)].map(([, v]) => v);

it('lists rows that bear a label each from the reading that is summed up, and groups none of them', () => {
  const [sql = '', ...others] = figureQueries(
    setOf(
      [errors],
      [split('by_status', 'errors', 'status'), split('by_id', 'errors', 'ticket_id', true)],
    ),
    everything,
  );
  expect(others).toEqual([]);
  expect(viewsOf(sql)).toEqual(['reporting.ticket_errors']);
  const grouped = [...sql.matchAll(/GROUP BY (?!GROUPING)([\w, ]+)\)/g)].map(([, by]) => by);
  expect(grouped).toEqual(['ticket_shown, status']);
  expect(sql).toMatch(
    /CAST\(errors AS BIGINT\) AS numerator, .* FROM view_1_rows WHERE ticket_shown = 'Yes' ORDER BY numerator DESC, label LIMIT 60\) b$/,
  );
});

it('counts different values from the cells of whoever is split by them, else for themselves', () => {
  const shown = measure('shown', { from: 'reporting.tickets', numerator: 'COUNT(*)' });
  const [shared = ''] = figureQueries(
    setOf([shown, agents], [split('by_agent', 'shown', 'agent')]),
    everything,
  );
  expect(viewsOf(shared)).toEqual(['reporting.tickets']);
  expect(shared).toContain('AND agent IS NOT NULL');
  const [apart = ''] = figureQueries(setOf([shown, agents], []), everything);
  expect(viewsOf(apart)).toEqual(['reporting.tickets', 'reporting.tickets']);
  expect(apart).toContain('WHERE agent IS NOT NULL GROUP BY agent) d');
});

it('refuses what cells cannot tell: different values of a part, and a mean row by row', () => {
  const byStatus = setOf([agents], [split('agents_by_status', 'agents', 'status')]);
  expect(() => figureQueries(byStatus, everything)).toThrow(/agents_by_status/);
  const counted = measure('counted', { from: 'reporting.ticket_errors', numerator: 'COUNT(*)' });
  const rows = setOf([counted], [split('rows', 'counted', 'ticket_id', true)]);
  expect(() => figureQueries(rows, everything)).toThrow(/rows: only a sum/);
});

it('reads every entry at most once in a statement, whatever is chosen', () => {
  for (const query of ['', 'level=INFO', 'hour=10&level=INFO', 'error=1', 'from=2025-07-01']) {
    const filter = parseFilter(logFilters, new URLSearchParams(query)) ?? noFilter;
    for (const sql of logQueries(filterSql(logFilters, filter))) {
      const reads = viewsOf(sql).filter((view) => view === 'reporting.log_entries').length;
      // A list finds its rows, and then their texts by the sort key.
      expect(reads).toBeLessThanOrEqual(sql.includes(') l JOIN ') ? 2 : 1);
    }
  }
});
