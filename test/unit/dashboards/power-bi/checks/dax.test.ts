import { describe, expect, it } from 'vitest';
import { DaxError, parseDax } from '../../../../../dashboards/power-bi/checks/dax.ts';

const plain = { where: undefined };

describe('parseDax', () => {
  it('reads an aggregate', () => {
    expect(parseDax("DISTINCTCOUNTNOBLANK('Log Entries'[Ticket ID])")).toEqual({
      numerator: {
        function: 'DISTINCTCOUNTNOBLANK',
        table: 'Log Entries',
        column: 'Ticket ID',
        ...plain,
      },
      denominator: undefined,
      divisor: undefined,
    });
  });

  it('reads a ratio and its divisor', () => {
    expect(parseDax('DIVIDE(SUM(T[a]), COUNTROWS(T)) / 60')).toEqual({
      numerator: { function: 'SUM', table: 'T', column: 'a', ...plain },
      denominator: { function: 'COUNTROWS', table: 'T', column: undefined, ...plain },
      divisor: 60,
    });
  });

  it('reads one equality, with quotes in names and texts', () => {
    const dax = `CALCULATE(COUNTROWS('Agent''s'), KEEPFILTERS('Agent''s'[a]]b] = "say ""no"""))`;
    expect(parseDax(dax)).toEqual({
      numerator: {
        function: 'COUNTROWS',
        table: "Agent's",
        column: undefined,
        where: { table: "Agent's", column: 'a]b', equals: 'say "no"' },
      },
      denominator: undefined,
      divisor: undefined,
    });
  });

  it.each([
    ['a function that is not pushed down', 'AVERAGE(T[a])', /AVERAGE is not allowed/],
    ['a measure of a measure', 'DIVIDE([Total], COUNTROWS(T))', /word expected/],
    ['a comparison that is no equality', 'CALCULATE(COUNTROWS(T), T[a] < 3)', /unexpected </],
    [
      'a filter in the place of what is chosen',
      'CALCULATE(COUNTROWS(T), T[a] = "x")',
      /KEEPFILTERS expected at T/,
    ],
    [
      'two filters',
      'CALCULATE(CALCULATE(COUNTROWS(T), KEEPFILTERS(T[a] = "x")), KEEPFILTERS(T[b] = "y"))',
      /one filter only/,
    ],
    ['a missing parenthesis', 'SUM(T[a]', /\) expected at the end/],
    ['more than a measure', 'SUM(T[a]) SUM(T[b])', /end expected/],
    ['a sum of two', 'SUM(T[a]) + SUM(T[b])', /unexpected \+/],
    ['nothing', '', /word expected/],
  ])('refuses %s', (_what, dax, reason) => {
    expect(() => parseDax(dax)).toThrow(DaxError);
    expect(() => parseDax(dax)).toThrow(reason);
  });
});
