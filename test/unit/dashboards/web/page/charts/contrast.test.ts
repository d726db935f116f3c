import { describe, expect, it } from 'vitest';

interface Contrast {
  readonly inkTurn: (shades: readonly [string, string], inks: readonly [string, string]) => number;
}

const { inkTurn } = (await import(
  new URL('../../../../../../dashboards/web/page/charts/contrast.js', import.meta.url).href
)) as Contrast;

const [black, white] = ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'];

describe('ink on a shade', () => {
  it('turns where black and white are read equally well: at a luminance of 0.179 (WCAG 2.2)', () => {
    // The grey rgb(117, 117, 117) has it.
    expect(inkTurn([white, black], [black, white])).toBeCloseTo(1 - 117 / 255, 1);
    expect(inkTurn([black, white], [white, black])).toBeCloseTo(117 / 255, 1);
  });

  it('does not turn between shades on which the first ink is better throughout', () => {
    expect(inkTurn([white, 'rgb(230, 230, 230)'], [black, white])).toBe(1);
  });
});
