/** A menu of the values of one column, any number of which can be chosen. */

import { count, element, setText } from '../element.js';
import { valueWords } from './value-words.js';

/** More values than these get a field to look for one. */
const SEARCHED_FROM = 10;

/**
 * @param {{name: string, title: string}} column
 * @param {(chosen: string[]) => void} onChoice
 */
export function createChoiceMenu({ name, title }, onChoice) {
  const said = element('span', { class: 'said' }, 'any');
  const summary = element('summary', {}, `${title} `, said);
  const search = element('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': `Search ${title}`,
    autocomplete: 'off',
  });
  const list = element('ul', {});
  // Only the most frequent values are offered.
  const notOffered = element(
    'p',
    { class: 'hint', role: 'status', hidden: '' },
    'Not among the most frequent: Enter takes it as it stands.',
  );
  const group = element(
    'fieldset',
    {},
    element('legend', { class: 'visually-hidden' }, title),
    search,
    notOffered,
    list,
  );
  const node = element(
    'details',
    { class: 'menu', 'data-filter': name, 'data-chosen': '0' },
    summary,
    group,
  );
  const options = new Map();
  let offered = '';

  const chosenNow = () => [...options].filter(([, { box }]) => box.checked).map(([value]) => value);
  const found = () => [...options].filter(([, { item }]) => !item.hidden);

  list.addEventListener('change', () => onChoice(chosenNow()));
  search.addEventListener('input', () => {
    const wanted = search.value.toLowerCase();
    for (const { item, words } of options.values()) {
      item.hidden = !words.toLowerCase().includes(wanted);
    }
    notOffered.hidden = found().length > 0;
  });
  search.addEventListener('keydown', ({ key }) => {
    const [only, ...others] = found();
    if (key !== 'Enter' || search.value === '' || others.length > 0) return;
    const value = only === undefined ? search.value : only[0];
    onChoice([...new Set([...chosenNow(), value])]);
  });
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !node.open) return;
    node.open = false;
    summary.focus();
  });
  node.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget !== null && !node.contains(relatedTarget)) node.open = false;
  });
  document.addEventListener('pointerdown', ({ target }) => {
    if (!node.contains(target)) node.open = false;
  });

  function makeOption(value) {
    const words = valueWords(name, value);
    const box = element('input', { type: 'checkbox', value });
    const figure = element('span', { class: 'number quiet' });
    const item = element(
      'li',
      {},
      element('label', {}, box, element('span', { class: 'words' }, words), figure),
    );
    return { box, figure, item, words };
  }

  return {
    node,
    /**
     * @param {{value: string, count: number}[]} values
     * @param {string[]} chosen also those that no row has any more
     */
    show(values, chosen) {
      const counts = new Map(values.map(({ value, count: rows }) => [value, rows]));
      const wanted = [...counts.keys(), ...chosen.filter((value) => !counts.has(value))];
      for (const value of wanted) if (!options.has(value)) options.set(value, makeOption(value));
      for (const value of options.keys()) if (!wanted.includes(value)) options.delete(value);
      for (const [value, { box, figure }] of options) {
        box.checked = chosen.includes(value);
        setText(figure, count(counts.get(value) ?? 0));
      }
      // Nothing moves under the hand of somebody who chooses.
      const order = JSON.stringify(wanted);
      if (order !== offered && (!node.open || offered === '')) {
        list.replaceChildren(...wanted.map((value) => options.get(value).item));
        offered = order;
      }
      search.hidden = wanted.length < SEARCHED_FROM;
      setText(said, saidOf(name, chosen));
      node.dataset.chosen = String(chosen.length);
    },
  };
}

function saidOf(name, chosen) {
  if (chosen.length === 0) return 'any';
  return chosen.length === 1 ? valueWords(name, chosen[0]) : String(chosen.length);
}
