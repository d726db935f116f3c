/** How the page writes numbers and times. Pure; times are epoch milliseconds, texts are UTC. */

const counts = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const means = new Intl.NumberFormat('en-GB', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const exactMeans = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 4 });
const shares = new Intl.NumberFormat('en-GB', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const exactShares = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 4 });

/** Nothing to show: no rows to divide by, or no figure yet. */
export const NOTHING = '–';

/**
 * @param {number | null | undefined} value
 * @param {'count' | 'mean' | 'share'} format
 */
export function formatFigure(value, format) {
  if (value === null || value === undefined) return NOTHING;
  if (format === 'count') return counts.format(value);
  return (format === 'mean' ? means : shares).format(value);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });
/** A tile and a bar have room for no more. */
const BRIEF_LENGTH = 9;

/** The same in few characters: what is too long is shortened, `12.35M`. */
export function formatBrief(value, format) {
  const words = formatFigure(value, format);
  return words.length > BRIEF_LENGTH ? compact.format(value) : words;
}

/** The same with up to four decimals: what a person compares with another report. */
export function formatExactly(value, format) {
  if (value === null || value === undefined) return '';
  if (format === 'count') return counts.format(value);
  return (format === 'mean' ? exactMeans : exactShares).format(value);
}

const byteSteps = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
const oneDecimal = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/**
 * How a figure has moved against an earlier one: in percent, or a share in points.
 *
 * @param {number | null | undefined} value
 * @param {number | null | undefined} before
 * @param {'count' | 'mean' | 'share'} format
 * @returns {{direction: 'up' | 'down' | 'same', words: string} | null} null when one of them is none
 */
export function formatChange(value, before, format) {
  if (value === null || value === undefined || before === null || before === undefined) return null;
  const was = `was ${formatBrief(before, format)}`;
  const [change, unit] =
    format === 'share'
      ? [(value - before) * 100, ' points']
      : [before === 0 ? NaN : ((value - before) / before) * 100, '%'];
  if (value === before) return { direction: 'same', words: 'as before' };
  const size = Number.isNaN(change) ? '' : `${formatBriefly(Math.abs(change))}${unit}, `;
  return { direction: value > before ? 'up' : 'down', words: `${size}${was}` };
}

/** Tenths while they matter; more than a thousandfold says no more than that. */
function formatBriefly(change) {
  if (change > 99_999) return 'over 99,999';
  if (change < 0.05) return 'under 0.1';
  return (change < 100 ? oneDecimal : counts).format(change);
}

/** A number of bytes in the largest unit of which there is at least one. */
export function formatBytes(bytes) {
  let step = 0;
  let value = bytes;
  for (; value >= 1024 && step < byteSteps.length - 1; step += 1) value /= 1024;
  return `${step === 0 ? counts.format(value) : oneDecimal.format(value)} ${byteSteps[step]}`;
}

/** The unrounded value as text, '' for nothing. */
export function rawText(value) {
  return value === null || value === undefined ? '' : String(value);
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const dayAndClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY_MS = 86_400_000;

/** The time of day, with its date when that is not today's. */
export function formatTime(ms, nowMs) {
  const sameDay = Math.floor(ms / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return `${(sameDay ? clock : dayAndClock).format(ms)} UTC`;
}

const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** A moment by the clock of whoever looks; everything else on the pages is UTC. */
export function formatLocally(ms) {
  return local.format(ms);
}

/** How long ago, in the largest units that matter. */
export function formatAge(ageMs) {
  const seconds = Math.max(0, Math.round(ageMs / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? '1 day ago' : `${counts.format(days)} days ago`;
}

const shortDay = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** `2025-07-01` as `1 Jul 2025`; anything else as it is. */
export function formatDay(day) {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  return Number.isNaN(ms) ? day : shortDay.format(ms);
}

const axisClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
});
const axisDay = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
});

/** The day of a moment as `1 Jul`, for an axis. */
export function formatShortDay(ms) {
  return axisDay.format(ms);
}

/** The time of day of a moment as `14:05`, for an axis. */
export function formatClock(ms) {
  return axisClock.format(ms);
}

/** A moment with its date. */
export function formatMoment(ms) {
  return `${dayAndClock.format(ms)} UTC`;
}

/** A length of time in its two largest units. */
export function formatDuration(seconds) {
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return '0 s';
  let left = seconds;
  return units
    .slice(first, first + 2)
    .map(([size, unit]) => {
      const amount = Math.floor(left / size);
      left -= amount * size;
      return amount === 0 ? '' : `${counts.format(amount)} ${unit}`;
    })
    .filter((words) => words !== '')
    .join(' ');
}

/** A longer run of days without rows is left out, and said. */
const FILLED_GAP_DAYS = 7;

/**
 * The last days up to the newest one. Short runs of days without rows are zeros.
 *
 * @param {{label: string | null, value: number | null}[]} figures newest first
 * @param {number} length how many days at most
 * @returns {{day: string, value: number, missing: number}[]} oldest first; `missing` days without
 *   rows were left out before this one
 */
export function lastDays(figures, length) {
  const known = figures
    .map(({ label, value }) => ({ ms: Date.parse(`${label ?? ''}T00:00:00Z`), value: value ?? 0 }))
    .filter(({ ms }) => !Number.isNaN(ms));
  const days = [];
  const add = (ms, value) => {
    days.push({ day: new Date(ms).toISOString().slice(0, 10), value, missing: 0 });
  };
  for (const [index, { ms, value }] of known.entries()) {
    add(ms, value);
    const before = known[index + 1];
    if (before === undefined || days.length >= length) break;
    const gap = (ms - before.ms) / DAY_MS - 1;
    if (gap > FILLED_GAP_DAYS) days.at(-1).missing = gap;
    else for (let back = 1; back <= gap; back += 1) add(ms - back * DAY_MS, 0);
  }
  const shown = days.slice(0, length).reverse();
  if (shown[0]) shown[0].missing = 0;
  return shown;
}
