import { describe, expect, test } from 'vitest';
import { createWaitingAge } from '../../../../stream-processors/replay/waiting-age.ts';

function setUp() {
  const clock = { ms: 0 };
  const age = createWaitingAge({ now: () => clock.ms });
  const look = (ms: number, ...tails: [line: string, at: number, end: number][]) => {
    clock.ms = ms;
    return age.look(tails.map(([line, at, end]) => ({ line, at, end, waiting: 0 })));
  };
  return { look };
}

describe('the age of what waits', () => {
  test('is that of the first look at a number, until the frontier has reached it', () => {
    const { look } = setUp();
    expect(look(0)).toBe(0);
    expect(look(10, ['a', 4, 5])).toBe(0);
    expect(look(40, ['a', 4, 9])).toBe(30);
    // 5 is shown now, 9 has waited since 40.
    expect(look(70, ['a', 5, 12])).toBe(30);
    expect(look(90)).toBe(0);
  });

  test('of a line that never rests stays small while the frontier follows', () => {
    const { look } = setUp();
    for (let turn = 1; turn <= 500; turn += 1) {
      expect(look(turn, ['a', 10 * (turn - 1), 10 * turn])).toBe(0);
    }
  });

  test('grows without end, and without memory, while the frontier stands', () => {
    const { look } = setUp();
    for (let turn = 0; turn <= 5_000; turn += 1) expect(look(turn, ['a', 0, turn + 1])).toBe(turn);
    // Every number up to 4,000 arrives: what is left is younger, though not exactly known.
    const left = look(5_000, ['a', 4_000, 5_001]);
    expect(left).toBeLessThanOrEqual(1_000);
    expect(left).toBeGreaterThan(0);
  });

  test('is that of the line that waits longest', () => {
    const { look } = setUp();
    look(0, ['a', 0, 1]);
    expect(look(50, ['a', 0, 1], ['b', 0, 1])).toBe(50);
    expect(look(60, ['b', 0, 1])).toBe(10);
  });
});
