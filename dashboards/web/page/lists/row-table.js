/** A table that is wider than a phone scrolls by itself. */

import { element, replaceContent } from '../element.js';

const tables = new WeakMap();

/**
 * Shows rows in a place, with a table made when it is first wanted.
 *
 * @param {HTMLElement} place
 * @param {string} name of the table, for screen readers
 * @param {string[][]} headings each words, and a class
 * @param {HTMLElement[]} rows
 * @param {string} none what is said instead of no rows
 */
export function showRows(place, name, headings, rows, none = 'none yet') {
  const body = tables.get(place) ?? makeTable(place, name, headings);
  const shown =
    rows.length > 0
      ? rows
      : [
          element(
            'tr',
            {},
            element('td', { colspan: String(headings.length), class: 'none' }, none),
          ),
        ];
  replaceContent(body, ...shown);
}

function makeTable(place, name, headings) {
  const body = element('tbody', {});
  const cells = headings.map(([words, kind]) =>
    element('th', { scope: 'col', ...(kind ? { class: kind } : {}) }, words),
  );
  const head = element('thead', {}, element('tr', {}, ...cells));
  const table = element('table', { class: 'listed' }, head, body);
  const region = { class: 'scroll', role: 'region', 'aria-label': `${name}, table`, tabindex: '0' };
  place.replaceChildren(element('div', region, table));
  tables.set(place, body);
  return body;
}
