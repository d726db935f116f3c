import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration such as `120s`, `2m` or `500ms`; a bare number means seconds.
 *
 * @returns milliseconds.
 * @throws {InvalidArgumentError} which commander tells as bad usage.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const unit = UNITS[match?.[2] ?? 's'];
  if (!match || unit === undefined) {
    throw new InvalidArgumentError('Write a number and ms, s, m or h, such as 120s.');
  }
  return Number(match[1]) * unit;
}
