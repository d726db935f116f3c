/** From which day to which: two fields, and the ranges that people mostly want. */

import { element } from '../element.js';

const DAY_MS = 86_400_000;
/** Counted back from the newest day of the data, which need not be today. */
const ranges = [
  { words: 'All days', days: null },
  { words: 'Newest day', days: 1 },
  { words: 'Last 7 days', days: 7 },
  { words: 'Last 30 days', days: 30 },
];
const OWN = 'own';

/** @param {(from: string | null, to: string | null) => void} onRange */
export function createDayRange(onRange) {
  const field = (words) => {
    const input = element('input', { type: 'date', 'aria-label': words });
    let told = '';
    const tell = () => {
      if (input.value === told || input.validity.badInput) return;
      told = input.value;
      onRange(from.value || null, to.value || null);
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
    ...ranges.map(({ words, days }) => element('option', { value: String(days) }, words)),
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
    const days = select.value === 'null' ? null : Number(select.value);
    onRange(days === null || newest === null ? null : startOf(newest, days), null);
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
      const known = ranges.find(({ days }) =>
        days === null
          ? filter.from === null && filter.to === null
          : filter.to === null && newest !== null && filter.from === startOf(newest, days),
      );
      select.value = known ? String(known.days) : OWN;
    },
  };
}

function startOf(newest, days) {
  const ms = Date.parse(`${newest}T00:00:00Z`) - (days - 1) * DAY_MS;
  return new Date(ms).toISOString().slice(0, 10);
}
