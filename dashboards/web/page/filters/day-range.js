/** From which day to which: two fields, and the ranges that people mostly want. */

import { element } from '../element.js';
import { LAST_DAYS } from './address.js';

const DAY_MS = 86_400_000;
const ALL = 'all';
const OWN = 'own';
const wordsOf = (days) => (days === 1 ? 'Newest day' : `Last ${days} days`);

/**
 * @param {(days: {from: string | null, to: string | null, last: number | null}) => void} onRange
 *   `last` is how many days up to the newest one were chosen, which need not be today
 */
export function createDayRange(onRange) {
  const field = (words) => {
    const input = element('input', { type: 'date', 'aria-label': words });
    let told = '';
    const tell = () => {
      if (input.value === told || input.validity.badInput) return;
      told = input.value;
      onRange({ from: from.value || null, to: to.value || null, last: null });
    };
    input.addEventListener('change', () => {
      // A year that is being typed is out of range until it is whole.
      if (input.value === '' || input.validity.valid) tell();
    });
    input.addEventListener('focus', () => {
      told = input.value;
    });
    input.addEventListener('blur', tell);
    return input;
  };
  const from = field('From day');
  const to = field('To day');
  const select = element(
    'select',
    { 'aria-label': 'Days' },
    element('option', { value: ALL }, 'All days'),
    ...LAST_DAYS.map((days) => element('option', { value: String(days) }, wordsOf(days))),
    element('option', { value: OWN }, 'Custom'),
  );
  const node = element(
    'div',
    { class: 'day-range' },
    select,
    from,
    element('span', { class: 'quiet', 'aria-hidden': 'true' }, '–'),
    to,
  );
  let newest = null;

  select.addEventListener('change', () => {
    if (select.value === OWN) {
      from.focus();
      return;
    }
    const last = select.value === ALL ? null : Number(select.value);
    onRange({ ...lastDays(newest, last), last });
  });

  return {
    node,
    show(filter, { firstDay, lastDay }) {
      newest = lastDay;
      for (const input of [from, to]) {
        input.min = firstDay ?? '';
        input.max = lastDay ?? '';
      }
      for (const [input, day] of [
        [from, filter.from],
        [to, filter.to],
      ]) {
        if (input !== document.activeElement) input.value = day ?? '';
      }
      const all = filter.from === null && filter.to === null;
      select.value = filter.last === null ? (all ? ALL : OWN) : String(filter.last);
    },
  };
}

/** @returns the first and the last of so many days up to the newest one */
export function lastDays(newest, days) {
  if (days === null || newest === null) return { from: null, to: null };
  const ms = Date.parse(`${newest}T00:00:00Z`) - (days - 1) * DAY_MS;
  return { from: new Date(ms).toISOString().slice(0, 10), to: newest };
}
