import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_HASH, extendHash } from '../../../cdc-reader/rolling-hash.ts';

describe('extendHash', () => {
  const change = fc.record({
    op: fc.constantFrom('c', 'u', 'd'),
    before: fc.option(fc.dictionary(fc.string(), fc.option(fc.string()))),
    after: fc.option(fc.dictionary(fc.string(), fc.option(fc.string()))),
  });

  it('differs when any change differs', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1 }), fc.nat(), (changes, at) => {
        const index = at % changes.length;
        const other = changes.map((each, i) =>
          i === index ? { ...each, op: 't' as const } : each,
        );
        expect(other.reduce(extendHash, EMPTY_HASH)).not.toBe(
          changes.reduce(extendHash, EMPTY_HASH),
        );
      }),
    );
  });

  it('tells NULL from the empty text', () => {
    const hash = (value: string | null) =>
      extendHash(EMPTY_HASH, { op: 'c', before: null, after: { a: value } });
    expect(hash(null)).not.toBe(hash(''));
  });
});
