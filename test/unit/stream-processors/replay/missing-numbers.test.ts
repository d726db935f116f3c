import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMissingNumbers } from '../../../../stream-processors/replay/missing-numbers.ts';

const range = (line: string) =>
  fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9 }))
    .map(([from, length]) => ({ line, from, to: from + length }));
const anyRange = fc.constantFrom('a', 'b').chain(range);

it('are a set of numbers, however their ranges lie and in whatever order they are found', () => {
  fc.assert(
    fc.property(fc.array(anyRange), fc.array(anyRange), (wanted, found) => {
      const missing = createMissingNumbers(wanted);
      const numbers = ({ line, from, to }: (typeof wanted)[number]) =>
        Array.from({ length: to - from + 1 }, (_, index) => `${line}${from + index}`);
      const left = new Set(wanted.flatMap(numbers));
      for (const each of found) {
        expect(missing.within(each)).toBe(numbers(each).filter((one) => left.has(one)).length);
        expect(missing.has(each)).toBe(missing.within(each) > 0);
        missing.found(each);
        for (const one of numbers(each)) left.delete(one);
        expect(missing.size).toBe(left.size);
      }
    }),
  );
});

it('cost nothing by their count: a hole may be as long as a file', () => {
  const missing = createMissingNumbers([{ line: 'host:file', from: 0, to: 2 ** 50 }]);
  missing.found({ line: 'host:file', from: 10, to: 2 ** 50 });
  expect(missing.size).toBe(10);
});
