import { describe, expect, it } from 'vitest';
import {
  evaluatePrefix,
  hasErrorOutputType,
  hasTimestamp,
  parsePrefix,
  PrefixError,
} from '../../../../../../infra/local/aws-endpoint/firehose/prefix-expressions.ts';

const arrivalMs = Date.parse('2026-03-05T07:08:09Z');

function evaluate(prefix: string): string {
  let drawn = 0;
  return evaluatePrefix(parsePrefix(prefix), {
    arrivalMs,
    errorOutputType: 'format-conversion-failed',
    randomString: () => `random${drawn++}`,
  });
}

describe('prefix expressions', () => {
  it.each([
    ['plain/text/', 'plain/text/'],
    ['', ''],
    ['a/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/', 'a/dt=2026-03-05/hour=07/'],
    ['!{timestamp:yy/M/d/H/m/s}', '26/3/5/7/8/9'],
    ['!{timestamp:uuuu}!{timestamp:mm}!{timestamp:ss}', '20260809'],
    ["!{timestamp:yyyy'-'MM'-'dd}", '2026-03-05'],
    ["!{timestamp:'year='yyyy''}", "year=2026'"],
    ['!{firehose:error-output-type}/x', 'format-conversion-failed/x'],
    ['!{firehose:random-string}/!{firehose:random-string}', 'random0/random1'],
    ['100%!/{}', '100%!/{}'],
  ])('%s', (prefix, expected) => {
    expect(evaluate(prefix)).toBe(expected);
  });

  it.each([
    ['!{timestamp:YYYY}', 'a week-based year is no calendar year'],
    ['!{timestamp:DD}', 'a day of the year is no day of the month'],
    ['!{timestamp:hh}', 'an hour of the half day is no hour of the day'],
    ['!{timestamp:yyyy[}', 'reserved characters'],
    ["!{timestamp:yyyy'}", 'an open quotation'],
    ['!{partitionKeyFromQuery:customer}', 'dynamic partitioning'],
    ['!{firehose:other}', 'an unknown value'],
    ['!{timestamp:yyyy', 'an open expression'],
    ['!{timestamp}', 'no value'],
  ])('refuses %s: %s', (prefix) => {
    expect(() => parsePrefix(prefix)).toThrow(PrefixError);
  });

  it('knows which expressions it holds', () => {
    expect(hasTimestamp(parsePrefix('a/!{timestamp:yyyy}'))).toBe(true);
    expect(hasTimestamp(parsePrefix('a/!{firehose:random-string}'))).toBe(false);
    expect(hasErrorOutputType(parsePrefix('!{firehose:error-output-type}'))).toBe(true);
    expect(hasErrorOutputType(parsePrefix('errors/'))).toBe(false);
  });
});
