/** Strict readers of source texts. Each gives the value, or `undefined` where the text is none. */

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?$/;

/**
 * Reads `YYYY-MM-DD HH:MM[:SS[.ffffff]]` as UTC. `2025-02-29`, `24:00` and `:60` are no times.
 *
 * @returns epoch milliseconds; fractions of a second are cut.
 */
export function parseUtcDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < 1000 || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(ms);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : undefined;
}

const MAX_INT32 = 2_147_483_647;

/** Reads a count: ASCII digits only, no sign, within a 32-bit integer. `12abc`, `1e3`, `٣` are none. */
export function parseCount(text: string): number | undefined {
  if (!/^[0-9]{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= MAX_INT32 ? value : undefined;
}

/** Reads a number from 0 to 999.99 with at most two decimals. @returns hundredths. */
export function parseHundredths(text: string): number | undefined {
  const [, whole, decimals = ''] = /^([0-9]{1,3})(?:\.([0-9]{1,2}))?$/.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 100 + Number(decimals.padEnd(2, '0'));
}
