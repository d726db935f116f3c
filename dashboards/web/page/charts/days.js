/** Days as columns, up to the newest one; a long time without rows is a gap, and said. */

import { count } from '../element.js';
import { formatDay, formatShortDay, lastDays } from '../number-format.js';

const SHOWN_DAYS = 60;

/** @param {{label: string | null, value: number | null}[]} figures newest first */
export function dayColumns(figures) {
  return lastDays(figures, SHOWN_DAYS).map(({ day, value, missing }) => ({
    label: day,
    words: formatDay(day),
    axis: formatShortDay(Date.parse(day)),
    value,
    ...(missing === 0 ? {} : { gap: `${count(missing)} days without` }),
  }));
}
