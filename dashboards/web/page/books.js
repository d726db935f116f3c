/** The books: where every row that was read has gone. */

import { count, element, replaceContent } from './element.js';
import { showRows } from './lists/row-table.js';

/** The terms, in the order in which they are read. */
const terms = [
  ['shown', 'shown'],
  ['repeats', 'repeats'],
  ['superseded', 'superseded'],
  ['quarantined', 'set aside'],
  ['quarantined_repeats', 'repeats of those'],
  ['dead_lettered', 'unreadable'],
];

const dayHeadings = [
  ['Day'],
  ...['read', ...terms.map(([, words]) => words)].map((words) => [capital(words), 'number']),
];

function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}

/** What the terms do not explain; 0 when the books close. */
export function unexplained(books) {
  return books.read - terms.reduce((sum, [name]) => sum + books[name], 0);
}

/**
 * Writes the books as a bar, a sum, and whether they close.
 *
 * @param {HTMLElement} place
 * @param {object} books
 * @param {{unit: string, whole: string, prefix: string, without?: string[]}} words what is counted,
 *   what all of it is, the measures' prefix, and terms that this dataset has not
 */
export function showBooks(place, books, { unit, whole, prefix, without = [] }) {
  if (!books) return;
  const own = terms.filter(([name]) => !without.includes(name));
  const term = (name, words) =>
    element(
      'span',
      { class: `term ${books[name] === 0 ? 'zero' : ''}`, 'data-part': name },
      element(
        'b',
        { 'data-measure': `${prefix}${name}`, 'data-value': String(books[name]) },
        count(books[name]),
      ),
      ` ${words}`,
    );
  const bar = element(
    'div',
    { class: 'proportions', 'aria-hidden': 'true' },
    ...own
      .filter(([name]) => books[name] > 0)
      .map(([name, words]) => segment(name, books[name], words)),
  );
  const sum = element(
    'p',
    { class: 'books' },
    term('read', `${unit} read`),
    ...own.flatMap(([name, words], index) => [index === 0 ? ' = ' : ' + ', term(name, words)]),
  );
  const difference = unexplained(books);
  const close =
    difference === 0
      ? element('p', { class: 'hint' }, `The books close: ${whole} is accounted for.`)
      : element(
          'p',
          { class: 'hint wrong' },
          `The books do not close: ${count(difference)} ${unit} are unexplained.`,
        );
  replaceContent(place, bar, sum, close);
}

function segment(name, value, words) {
  const node = element('span', { 'data-part': name, title: `${count(value)} ${words}` });
  node.style.setProperty('flex-grow', String(value));
  return node;
}

/** The books of each day as a table; days that do not close are marked. */
export function showDayBooks(place, name, days) {
  const rows = days.map((books) => {
    const cell = (name) =>
      element(
        'td',
        { class: books[name] === 0 ? 'number zero' : 'number', 'data-part': name },
        count(books[name]),
      );
    return element(
      'tr',
      { 'data-day': books.day, ...(unexplained(books) === 0 ? {} : { class: 'wrong' }) },
      element('th', { scope: 'row' }, books.day),
      cell('read'),
      ...terms.map(([name]) => cell(name)),
    );
  });
  showRows(place, name, dayHeadings, rows);
}
