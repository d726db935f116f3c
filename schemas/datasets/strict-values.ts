/** Strict readers of source texts. Each gives the value, or `undefined` where the text is none. */

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?$/;

const ZERO = '0'.charCodeAt(0);

/**
 * Reads `YYYY-MM-DD HH:MM[:SS[.ffffff]]` as UTC. `2025-02-29`, `24:00` and `:60` are no times.
 *
 * @returns epoch milliseconds; fractions of a second are cut.
 */
export function parseUtcDateTime(text: string): number | undefined {
  if (!DATE_TIME.test(text)) return undefined;
  // Read in place: on the way of every ticket, and groups would be as many texts.
  const two = (at: number) => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  const year = two(0) * 100 + two(2);
  const [month, day, hour, minute] = [two(5), two(8), two(11), two(14)];
  const second = text.length > 16 ? two(17) : 0;
  if (year < 1000 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** @param month from 1 to 12. */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
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
