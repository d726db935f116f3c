import { describe, expect, it } from 'vitest';
import { createTailWatch, openTails } from '../../../../stream-processors/replay/tail-watch.ts';

const tail = (line: string, at: number, end: number, waiting = 0) => ({ line, at, end, waiting });

describe('the end of a line', () => {
  const ends = new Map([
    ['there', 9],
    ['behind', 9],
    ['unknown', 9],
  ]);
  const frontiers = [
    { line: 'there', at: 9, waiting: 0 },
    { line: 'behind', at: 7, waiting: 2 },
  ];

  it('is open where the topic reaches further than the warehouse', () => {
    expect(openTails(ends, frontiers, true)).toEqual([
      tail('behind', 7, 9, 2),
      // Nothing of it has ever arrived, not even number 0.
      tail('unknown', -1, 9),
    ]);
  });

  it('is nothing to judge where the warehouse may know the line without telling', () => {
    expect(openTails(ends, frontiers, false)).toEqual([tail('behind', 7, 9, 2)]);
  });
});

describe('a lost end', () => {
  function watch() {
    const clock = { ms: 0 };
    const lateMs = 100;
    return { clock, tails: createTailWatch({ lateMs, now: () => clock.ms }) };
  }
  const lost = (line: string, number: number) => ({ line, from: number, to: number });

  it('is told by its last number when the frontier has stood for so long', () => {
    const { clock, tails } = watch();
    expect(tails.look([tail('a', 4, 7)], true)).toEqual([]);
    clock.ms = 99;
    expect(tails.look([tail('a', 4, 7)], true)).toEqual([]);
    clock.ms = 100;
    expect(tails.look([tail('a', 4, 7)], true)).toEqual([lost('a', 7)]);
    expect(tails.look([], true)).toEqual([]);
  });

  it('is not told by what came after it: that is on its way', () => {
    const { clock, tails } = watch();
    tails.look([tail('a', 4, 7)], true);
    clock.ms = 100;
    expect(tails.look([tail('a', 4, 90)], true)).toEqual([lost('a', 7)]);
  });

  it.each([
    ['the frontier moves', tail('a', 5, 7), true],
    ['rows wait: the loader tells what is missing below them', tail('a', 4, 7, 3), true],
    ['the processor has records left to take', tail('a', 4, 7), false],
  ])('is none while %s', (_, now, handedOver) => {
    const { clock, tails } = watch();
    tails.look([tail('a', 4, 7)], true);
    clock.ms = 100;
    expect(tails.look([now], handedOver)).toEqual([]);
    clock.ms = 199;
    expect(tails.look([tail('a', now.at, 7)], true)).toEqual([]);
    clock.ms = 200;
    expect(tails.look([tail('a', now.at, 7)], true)).toEqual([lost('a', 7)]);
  });

  it('is none for a line that is never at rest', () => {
    const { clock, tails } = watch();
    for (let seq = 10; seq < 500; seq += 10) {
      clock.ms += 90;
      expect(tails.look([tail('a', seq - 10, seq)], true)).toEqual([]);
    }
  });
});
