/** The filter bar: what can be chosen, what is chosen, and how to take it back. */

import { byId, count, element, replaceContent, setText } from '../element.js';
import { formatDay } from '../number-format.js';
import { addressOf, filterOf, filterQuery, isComparable, isNarrowed, lastOf } from './address.js';
import { createChoiceMenu } from './choice-menu.js';
import { createDayRange, lastDays } from './day-range.js';
import { createTicketSearch } from './ticket-search.js';
import { valueWords } from './value-words.js';

/**
 * The bar stands before the figures do, so that nothing moves when they come: `data-menus` of its
 * place names the columns that are offered.
 *
 * @param {(address: string, options?: {replace: boolean}) => void} go shows another address of this page
 * @param {(doc: object) => [number | null | undefined, number | null | undefined, string]} matching
 *   how many rows the filter leaves, of how many (or nothing), and what they are
 * @returns {{show: (doc: object) => void}}
 */
export function createFilterBar(go, matching) {
  const place = byId('filters');
  const matches = element('p', { class: 'matches', role: 'status' });
  const chips = element('ul', { class: 'chips', 'aria-label': 'Chosen filters', hidden: '' });
  const compared = element('p', { class: 'hint compared', hidden: '' });
  let filter = filterOf(window.location.search);
  const days = createDayRange((range) => change({ ...filter, ...range }));
  const menus = new Map(
    place.dataset.menus.split('|').map((name) => {
      const column = { name, title: titleOf(name) };
      return [name, createChoiceMenu(column, (picked) => choose(name, picked))];
    }),
  );

  place.append(
    element(
      'div',
      { class: 'choices' },
      days.node,
      element('div', { class: 'menus' }, ...[...menus.values()].map(({ node }) => node)),
      createTicketSearch(),
    ),
    element('div', { class: 'chosen' }, chips, compared, matches),
  );
  showChips([]);

  function change(next) {
    // The next choice may come before the answer to this one.
    filter = next;
    go(addressOf(window.location.pathname, filterQuery(next)));
  }

  function choose(name, chosen) {
    change({ ...filter, values: { ...filter.values, [name]: chosen.toSorted() } });
  }

  function show(doc) {
    filter = { ...doc.filter, last: lastOf(window.location.search) };
    const { choices } = doc;
    if (!choices) return;
    const meant = { ...filter, ...lastDays(choices.lastDay, filter.last) };
    if (filter.last !== null && (meant.from !== filter.from || meant.to !== filter.to)) {
      // A new day has begun since the address was made, or it was made by hand.
      go(addressOf(window.location.pathname, filterQuery(meant)), { replace: true });
      return;
    }
    days.show(filter, choices);
    for (const { name, values } of choices.columns) {
      menus.get(name)?.show(values, filter.values[name] ?? []);
    }
    showChips(choices.columns);
    setText(matches, matchesOf(doc));
    setText(compared, comparedOf(doc));
    compared.hidden = compared.textContent === '';
  }

  /** Everything that is chosen, each with a link to the same page without it. */
  function showChips(columns) {
    const titles = new Map(columns.map(({ name, title }) => [name, title]));
    const chosen = Object.entries(filter.values).flatMap(([name, values]) =>
      values.map((value) =>
        chip(
          `${titles.get(name) ?? titleOf(name)}: ${valueWords(name, value)}`,
          without(name, value),
        ),
      ),
    );
    const { from, to } = filter;
    if (from !== null || to !== null) {
      const all = { ...filter, from: null, to: null, last: null };
      chosen.unshift(chip(`Days: ${rangeWords(from, to)}`, all));
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

/** As a column is called before the server has told its title. */
function titleOf(name) {
  return `${name[0].toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`;
}

/** What the changes beside the figures are against, or why there are none. */
function comparedOf({ before, choices: { firstDay } }) {
  if (!before) return '';
  const days = rangeWords(before.from, before.to);
  return isComparable(before, firstDay)
    ? `Changes are against ${days}.`
    : `No comparison with ${days}: the data begin on ${formatDay(firstDay)}.`;
}

function rangeWords(from, to) {
  if (from === to) return formatDay(from);
  if (from === null) return `to ${formatDay(to)}`;
  return to === null ? `from ${formatDay(from)}` : `${formatDay(from)} to ${formatDay(to)}`;
}
