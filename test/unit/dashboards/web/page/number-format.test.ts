import { describe, expect, it } from 'vitest';

interface NumberFormat {
  formatFigure(value: number | null | undefined, format: 'count' | 'mean' | 'share'): string;
  formatBrief(value: number | null | undefined, format: 'count' | 'mean' | 'share'): string;
  formatExactly(value: number | null | undefined, format: 'count' | 'mean' | 'share'): string;
  rawText(value: number | null | undefined): string;
  formatTime(ms: number, nowMs: number): string;
  formatAge(ageMs: number): string;
  formatBytes(bytes: number): string;
  formatChange(
    value: number | null | undefined,
    before: number | null | undefined,
    format: 'count' | 'mean' | 'share',
  ): { direction: 'up' | 'down' | 'same'; words: string } | null;
  formatDay(day: string): string;
  lastDays(
    figures: readonly { readonly label: string | null; readonly value: number | null }[],
    length: number,
  ): { day: string; value: number; missing: number }[];
}

// The page's modules are plain JavaScript, served as they are.
const page = (await import(
  new URL('../../../../../dashboards/web/page/number-format.js', import.meta.url).href
)) as NumberFormat;

describe('numbers on the page', () => {
  it('have thousands separators and as many decimals as their format asks for', () => {
    expect(page.formatFigure(1_234_567, 'count')).toBe('1,234,567');
    expect(page.formatFigure(1_081.2593, 'mean')).toBe('1,081.26');
    expect(page.formatFigure(0.8056, 'share')).toBe('80.6%');
    expect(page.formatFigure(0, 'count')).toBe('0');
  });

  it('are shortened where nine characters are the room', () => {
    expect(page.formatBrief(1_234_567, 'count')).toBe('1,234,567');
    expect(page.formatBrief(12_345_678, 'count')).toBe('12.35M');
    expect(page.formatBrief(17_025_542.12, 'mean')).toBe('17.03M');
    expect(page.formatBrief(18_936.76, 'mean')).toBe('18,936.76');
    expect(page.formatBrief(1, 'share')).toBe('100.0%');
    expect(page.formatBrief(null, 'mean')).toBe('–');
  });

  it('can be had exactly, and raw', () => {
    expect(page.formatExactly(1_081.25925, 'mean')).toBe('1,081.2593');
    expect(page.rawText(2 / 3)).toBe('0.6666666666666666');
    expect(page.rawText(0)).toBe('0');
  });

  it('are a dash where there is none, with nothing raw behind it', () => {
    expect(page.formatFigure(null, 'mean')).toBe('–');
    expect(page.formatFigure(undefined, 'count')).toBe('–');
    expect(page.rawText(null)).toBe('');
  });
});

describe('times on the page', () => {
  const now = Date.UTC(2025, 10, 24, 14, 5, 0);

  it('say their date only when it is not today', () => {
    expect(page.formatTime(now - 60_000, now)).toBe('14:04:00 UTC');
    expect(page.formatTime(Date.UTC(2025, 10, 23, 14, 4), now)).toBe('23 Nov 2025, 14:04 UTC');
  });

  it.each([
    [-5_000, 'just now'],
    [1_400, 'just now'],
    [12_000, '12 s ago'],
    [59_000, '59 s ago'],
    [60_000, '1 min ago'],
    [3_600_000, '1 h 0 min ago'],
    [100 * 60_000, '1 h 40 min ago'],
    [86_400_000, '1 day ago'],
    [3 * 86_400_000, '3 days ago'],
  ])('%i ms is %s', (age, text) => {
    expect(page.formatAge(age)).toBe(text);
  });

  it('name a day, and leave alone what is none', () => {
    expect(page.formatDay('2025-07-01')).toBe('1 Jul 2025');
    expect(page.formatDay('unknown')).toBe('unknown');
  });

  it('fill the days without tickets, up to the newest one', () => {
    const figures = [
      { label: '2025-07-04', value: 3 },
      { label: '2025-07-01', value: 5 },
      { label: '2025-06-01', value: 9 },
    ];
    const day = (label: string, value: number, missing = 0) => ({ day: label, value, missing });
    const july = [
      day('2025-07-01', 5),
      day('2025-07-02', 0),
      day('2025-07-03', 0),
      day('2025-07-04', 3),
    ];
    expect(page.lastDays(figures, 4)).toEqual(july);
    expect(page.lastDays(figures, 2)).toEqual(july.slice(2));
    // A month without tickets is a gap, not thirty columns of nothing.
    expect(page.lastDays(figures, 31)).toEqual([
      day('2025-06-01', 9),
      day('2025-07-01', 5, 29),
      ...july.slice(1),
    ]);
    expect(page.lastDays(figures.slice(0, 1), 31)).toEqual([day('2025-07-04', 3)]);
    expect(page.lastDays([{ label: null, value: 7 }, ...figures.slice(0, 1)], 31)).toHaveLength(1);
    expect(page.lastDays([], 31)).toEqual([]);
  });
});

describe('changes', () => {
  it.each([
    [135, 126, 'count', 'up', '7.1%, was 126'],
    [5, 6, 'count', 'down', '16.7%, was 6'],
    [7, 7, 'count', 'same', 'as before'],
    // Nothing before: there is no percentage of it.
    [7, 0, 'count', 'up', 'was 0'],
    [0, 7, 'count', 'down', '100%, was 7'],
    [10_000_001, 10_000_000, 'count', 'up', 'under 0.1%, was 10M'],
    [10_000_000, 1, 'count', 'up', 'over 99,999%, was 1'],
    [969.6, 1_006.19, 'mean', 'down', '3.6%, was 1,006.19'],
    [0.793, 0.85, 'share', 'down', '5.7 points, was 85.0%'],
    [0.5, 0, 'share', 'up', '50 points, was 0.0%'],
  ] as const)('%d after %d (%s) went %s: %s', (value, before, format, direction, words) => {
    expect(page.formatChange(value, before, format)).toEqual({ direction, words });
  });

  it('are none where one of the figures is none', () => {
    expect(page.formatChange(null, 3, 'mean')).toBeNull();
    expect(page.formatChange(3, null, 'mean')).toBeNull();
    expect(page.formatChange(3, undefined, 'mean')).toBeNull();
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 bytes'],
    [1_023, '1,023 bytes'],
    [1_536, '1.5 KiB'],
    [5 * 1024 ** 3, '5 GiB'],
  ])('%d are %s', (bytes, text) => {
    expect(page.formatBytes(bytes)).toBe(text);
  });
});
