import { describe, expect, it } from 'vitest';
import { ImageNumbering, nextEpoch } from '../../../cdc-reader/image-numbering.ts';

describe('ImageNumbering', () => {
  it('leaves no gap: an update takes two numbers, everything else one', () => {
    const numbering = new ImageNumbering(9, 1);
    const ops = ['r', 'e', 'c', 'u', 'd', 't', 'u', 'c'] as const;
    expect(ops.map((op) => numbering.take(op))).toEqual([1, 2, 3, 4, 6, 7, 8, 10]);
    expect(numbering.next).toBe(11);
  });
});

describe('nextEpoch', () => {
  it.each([
    [undefined, 1_700_000_000_999, 1_700_000_000],
    [1_600_000_000, 1_700_000_000_000, 1_700_000_000],
    [1_700_000_000, 1_700_000_000_500, 1_700_000_001],
    [1_800_000_000, 1_700_000_000_000, 1_800_000_001],
  ])('after %s at %i is %i', (previous, nowMs, epoch) => {
    expect(nextEpoch(previous, nowMs)).toBe(epoch);
  });
});
