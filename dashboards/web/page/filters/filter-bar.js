/** The filter bar: what can be chosen, what is chosen, and how to take it back. */

import { byId, count, element, replaceContent, setText } from '../element.js';
import { formatDay } from '../number-format.js';
import { addressOf, filterQuery, isNarrowed } from './address.js';
import { createChoiceMenu } from './choice-menu.js';
import { createDayRange } from './day-range.js';
import { valueWords } from './value-words.js';

/**
 * @param {(address: string) => void} go shows another address of this page
 * @param {(doc: object) => [number | null | undefined, number | null | undefined, string]} matching
 *   how many rows the filter leaves, of how many (or nothing), and what they are
 * @returns {{show: (doc: object) => void}}
 */
export function createFilterBar(go, matching) {
  const menus = new Map();
  const places = element('div', { class: 'menus' });
  const matches = element('p', { class: 'matches', role: 'status' });
  const chips = element('ul', { class: 'chips', 'aria-label': 'Chosen filters', hidden: '' });
  let filter = null;
  const days = createDayRange((from, to) => change({ ...filter, from, to }));

  const offered = element('div', { class: 'choices', hidden: '' }, days.node, places, matches);

  byId('filters').append(offered, chips);

  function change(next) {
    // The next choice may come before the answer to this one.
    filter = next;
    go(addressOf(window.location.pathname, filterQuery(next)));
  }

  function choose(name, chosen) {
    change({ ...filter, values: { ...filter.values, [name]: chosen.toSorted() } });
  }

  function show(doc) {
    filter = doc.filter;
    const { choices } = doc;
    if (!choices) return;
    offered.hidden = false;
    days.show(filter, choices);
    for (const column of choices.columns) {
      const chosen = filter.values[column.name] ?? [];
      if (!column.offered) continue;
      const menu =
        menus.get(column.name) ?? createChoiceMenu(column, (picked) => choose(column.name, picked));
      if (!menus.has(column.name)) places.append(menu.node);
      menus.set(column.name, menu);
      menu.show(column.values, chosen);
    }
    showChips(choices);
    setText(matches, matchesOf(doc));
  }

  /** Everything that is chosen, each with a link to the same page without it. */
  function showChips({ columns }) {
    const chosen = columns.flatMap(({ name, title }) =>
      (filter.values[name] ?? []).map((value) =>
        chip(`${title}: ${valueWords(name, value)}`, without(name, value)),
      ),
    );
    const { from, to } = filter;
    if (from !== null || to !== null) {
      chosen.unshift(chip(`Days: ${rangeWords(from, to)}`, { ...filter, from: null, to: null }));
    }
    chips.hidden = chosen.length === 0;
    const all = element(
      'a',
      { href: window.location.pathname, class: 'clear', 'data-same-page': '' },
      'Clear all',
    );
    replaceContent(chips, ...chosen, element('li', {}, all));
  }

  function without(name, value) {
    const left = filter.values[name].filter((each) => each !== value);
    return { ...filter, values: { ...filter.values, [name]: left } };
  }

  function chip(words, next) {
    const href = addressOf(window.location.pathname, filterQuery(next));
    const link = element(
      'a',
      { href, 'data-same-page': '' },
      element('bdi', {}, words),
      element('span', { 'aria-hidden': 'true', class: 'cross' }, '×'),
      element('span', { class: 'visually-hidden' }, ', remove'),
    );
    return element('li', {}, link);
  }

  function matchesOf(doc) {
    const [left, all, unit] = matching(doc);
    if (!isNarrowed(filter) || left === null || left === undefined) return '';
    return all === undefined || all === null
      ? `${count(left)} ${unit} match`
      : `${count(left)} of ${count(all)} ${unit} match`;
  }

  return { show };
}

function rangeWords(from, to) {
  if (from === to) return formatDay(from);
  if (from === null) return `to ${formatDay(to)}`;
  return to === null ? `from ${formatDay(from)}` : `${formatDay(from)} to ${formatDay(to)}`;
}
