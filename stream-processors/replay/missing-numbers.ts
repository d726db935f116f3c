import type { NumberRange } from '../../schemas/holes.ts';

/** Numbers that are looked for. Their memory is one of ranges, however many numbers these hold. */
export interface MissingNumbers {
  /** How many are left. */
  readonly size: number;
  /** Whether any number of a range is missing. */
  has(range: NumberRange): boolean;
  found(range: NumberRange): void;
  /** How many numbers of a range are missing. */
  within(range: NumberRange): number;
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** @param ranges may lie over each other. */
export function createMissingNumbers(ranges: readonly NumberRange[]): MissingNumbers {
  const lines = new Map<string, Interval[]>();
  for (const [line, some] of Map.groupBy(ranges, (each) => each.line)) {
    lines.set(line, united(some));
  }

  /** Those that a range touches, as places in the line's list: [first, behind the last). */
  function touched({ line, from, to }: NumberRange) {
    const intervals = lines.get(line) ?? [];
    const first = firstFrom(intervals, from);
    let end = first;
    while ((intervals[end]?.from ?? Infinity) <= to) end += 1;
    return { intervals, first, end };
  }

  return {
    get size() {
      return [...lines.values()].flat().reduce((sum, each) => sum + lengthOf(each), 0);
    },
    has(range) {
      const { first, end } = touched(range);
      return first < end;
    },
    found(range) {
      const { intervals, first, end } = touched(range);
      const left = intervals.slice(first, end).flatMap(({ from, to }) => [
        { from, to: Math.min(to, range.from - 1) },
        { from: Math.max(from, range.to + 1), to },
      ]);
      intervals.splice(first, end - first, ...left.filter((each) => lengthOf(each) > 0));
    },
    within(range) {
      const { intervals, first, end } = touched(range);
      return intervals
        .slice(first, end)
        .map(({ from, to }) => ({ from: Math.max(from, range.from), to: Math.min(to, range.to) }))
        .reduce((sum, each) => sum + lengthOf(each), 0);
    },
  };
}

function lengthOf({ from, to }: Interval): number {
  return to - from + 1;
}

/** In order, none touching the next. */
function united(ranges: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || from > last.to + 1) result.push({ from, to });
    else if (to > last.to) result[result.length - 1] = { from: last.from, to };
  }
  return result;
}

/** Place of the first interval that does not end before a number. */
function firstFrom(intervals: readonly Interval[], number: number): number {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[middle]?.to ?? Infinity) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
