import { expect, it } from 'vitest';
import { parseDuration } from '../../../../operations/cli/duration.ts';

it.each([
  ['120s', 120_000],
  ['2m', 120_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['90', 90_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', 'soon', '-1s', '5 days', '1e3'])('refuses %j', (text) => {
  expect(() => parseDuration(text)).toThrow('such as 120s');
});
