import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  heatMaps,
  historyBreakdowns,
  historyMeasures,
  logBooks,
  logBreakdowns,
  logMeasures,
  matrixSql,
  measureSql,
  measureValue,
  measureViews,
  overLogSums,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  type Breakdown,
  type Measure,
} from '../../../schemas/measures.ts';

const measures: readonly Measure[] = [
  ...ticketMeasures,
  ...ticketBooks,
  ...logMeasures,
  ...logBooks,
  ...historyMeasures,
];
const breakdowns: readonly Breakdown[] = [
  ...ticketBreakdowns,
  ...logBreakdowns,
  ...historyBreakdowns,
];

/** `Tickets[Num Interactions]` is the column `num_interactions` of the view. */
const columnOf = (daxColumn: string) => daxColumn.toLowerCase().replaceAll(' ', '_');

// That DAX and SQL say the same is checked where Power BI's model is: dashboards/power-bi/checks.
describe('measure catalogue', () => {
  it('names every measure, breakdown and title once', () => {
    const names = [...measures, ...breakdowns].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z_]+$/);
    const titles = measures.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it.each(measures.map((measure) => [measure.name, measure] as const))(
    '%s: the SQL stays inside the allowed subset',
    (_name, { sql }) => {
      const aggregate = /^(COUNT\(\*\)|SUM\([a-z_]+\)|COUNT\((DISTINCT )?[a-z_]+\))$/;
      expect(sql.numerator).toMatch(aggregate);
      if (sql.denominator !== undefined) expect(sql.denominator).toMatch(/^COUNT/);
      if (sql.where !== undefined) expect(sql.where).toMatch(/^[a-z_]+ = '[A-Za-z ]+'$/);
      expect(sql.from).toMatch(/^reporting\.[a-z_]+$/);
    },
  );

  it('reads only columns that the reporting views give', () => {
    const folder = new URL('../../../schemas/warehouse/', import.meta.url);
    const views = readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .flatMap((name) =>
        readFileSync(new URL(name, folder), 'utf8').split(/CREATE (?:OR REPLACE )?VIEW /),
      );
    for (const { sql } of measures) {
      // The newest definition counts.
      const view = views.findLast((text) => text.startsWith(`${sql.from} `));
      expect(view, sql.from).toBeDefined();
      const columns = [sql.numerator, sql.denominator ?? '', sql.where ?? '']
        .join(' ')
        .replace(/'[^']*'|DISTINCT/g, '')
        .match(/[a-z_]+/g);
      for (const column of columns ?? []) expect(view).toContain(column);
    }
  });

  it('breaks down only measures that it has, by columns without a function', () => {
    const names = measures.map(({ name }) => name);
    for (const { measure, by } of breakdowns) {
      expect(names).toContain(measure);
      expect(by.column).toMatch(/^[a-z_]+$/);
      expect(columnOf(/\[(.+)\]$/.exec(by.dax)?.[1] ?? '')).toBe(by.column);
    }
  });

  it('makes heat maps of measures that add up, by two columns of their view', () => {
    for (const { measure: name, rows, columns } of heatMaps) {
      const measure: Measure | undefined = measures.find((each) => each.name === name);
      if (!measure) throw new Error(`no measure ${name}`);
      expect(measure.sql.denominator).toBeUndefined();
      for (const { column, dax } of [rows, columns]) {
        const table = Object.entries(measureViews).find(([view]) => view === measure.sql.from);
        expect(dax).toMatch(table?.[1] ?? 'no such table');
        expect(columnOf(/\[(.+)\]$/.exec(dax)?.[1] ?? '')).toBe(column);
      }
    }
    const errors = measures.find(({ name }) => name === 'log_errors') as Measure;
    expect(matrixSql(heatMaps[1], errors)).toBe(
      'SELECT logged_weekday AS row_label, logged_hour AS column_label, SUM(error_count) AS numerator ' +
        'FROM reporting.log_entries GROUP BY logged_weekday, logged_hour',
    );
  });

  it('reads figures of the logs from sums where a person chose nothing that these lack', () => {
    const set = { measures: logMeasures, breakdowns: logBreakdowns, matrices: [heatMaps[1]] };
    const summed = overLogSums(set, () => true);
    expect(summed.measures.map(({ name }) => name)).toEqual(logMeasures.map(({ name }) => name));
    expect(summed.breakdowns.map(({ name }) => name)).toEqual(
      logBreakdowns.map(({ name }) => name),
    );
    const lookUp = (name: string) =>
      [...summed.measures, ...(summed.onlySplit ?? [])].find((measure) => measure.name === name);
    for (const { measure } of [...summed.breakdowns, ...summed.matrices]) {
      expect(lookUp(measure)?.sql.from).not.toBe('reporting.log_entries');
    }
    for (const { sql } of summed.measures) expect(sql.from).not.toBe('reporting.log_entries');
    const { measures: whole, onlySplit = [] } = overLogSums(set, () => false);
    for (const { sql } of [...whole, ...onlySplit])
      expect(sql.from).toMatch(/^reporting\.[a-z_]+$/);
  });

  it('reads a split that some sums lack over the entries, whatever its measure is read from', () => {
    const set = { measures: logMeasures, breakdowns: logBreakdowns, matrices: [heatMaps[1]] };
    const ofDays = overLogSums(set, (from) => from.includes('log_days'));
    const fromOf = (name: string) =>
      [...ofDays.measures, ...(ofDays.onlySplit ?? [])].find((each) => each.name === name)?.sql
        .from;
    const split = (name: string) =>
      fromOf(ofDays.breakdowns.find((each) => each.name === name)?.measure ?? '');
    expect(fromOf('log_entries')).toContain('log_days');
    expect(split('logs_by_component')).toContain('log_days');
    expect(split('logs_by_hour')).toBe('reporting.log_entries');
    expect(fromOf(ofDays.matrices[0]?.measure ?? '')).toBe('reporting.log_entries');
  });

  it('writes a twin as one statement', () => {
    const [resolved, rate] = ['tickets_resolved', 'resolution_rate'].map((wanted) =>
      measures.find(({ name }) => name === wanted),
    ) as [Measure, Measure];
    expect(measureSql(resolved)).toBe(
      "SELECT COUNT(*) AS numerator FROM reporting.tickets WHERE status = 'Resolved'",
    );
    expect(measureSql(rate)).toBe(
      'SELECT SUM(is_resolved) AS numerator, COUNT(*) AS denominator FROM reporting.tickets',
    );
  });

  it('divides only where there is something to divide by, and never rounds', () => {
    const minutes = measures.find(({ name }) => name === 'mean_resolution_minutes') as Measure;
    const shown = measures.find(({ name }) => name === 'tickets_shown') as Measure;
    expect(measureValue(minutes, 0, 0)).toBeNull();
    expect(measureValue(minutes, 90, 1)).toBe(1.5);
    expect(measureValue(minutes, 60, 3)).toBe(1 / 3);
    expect(measureValue(shown, 607, null)).toBe(607);
  });
});
