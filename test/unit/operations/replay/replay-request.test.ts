import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseBound, parseSeqs } from '../../../../operations/replay/replay-request.ts';

describe('one end of a replay', () => {
  it.each([
    ['earliest', { kind: 'earliest' }],
    ['latest', { kind: 'latest' }],
    ['0', { kind: 'offset', offset: 0n }],
    ['9007199254740993', { kind: 'offset', offset: 9007199254740993n }],
    ['2025-07-01', { kind: 'time', ms: Date.UTC(2025, 6, 1) }],
    ['2025-07-01T10:30', { kind: 'time', ms: Date.UTC(2025, 6, 1, 10, 30) }],
    ['2025-07-01T10:30:05.250Z', { kind: 'time', ms: Date.UTC(2025, 6, 1, 10, 30, 5, 250) }],
    ['2025-07-01T10:30+05:30', { kind: 'time', ms: Date.UTC(2025, 6, 1, 5, 0) }],
  ])('is read from %s', (text, bound) => {
    expect(parseBound(text)).toEqual(bound);
  });

  it.each(['', 'soon', '-1', '1e3', '2025-13-01', '2025-07-01 10:30', '2025-07-01T25:00'])(
    'is not %j',
    (text) => {
      expect(() => parseBound(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe('numbers of images', () => {
  it('are a range or one number', () => {
    expect(parseSeqs('12-30')).toEqual({ first: 12, last: 30 });
    expect(parseSeqs('7')).toEqual({ first: 7, last: 7 });
  });

  it.each(['', '9-1', '1-', 'a-b', '1-2-3'])('are not %j', (text) => {
    expect(() => parseSeqs(text)).toThrow(InvalidArgumentError);
  });
});
