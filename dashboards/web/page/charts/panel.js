/**
 * A panel with a chart: the drawing, named by a sentence, and the same figures as a table, from
 * whose rows every place that a click would reach is reached by keyboard.
 */

import { byId, element, replaceContent, setText } from '../element.js';
import { createDrawing } from './drawing.js';

/** Figures that the sentence tells; the table has all. */
const TOLD = 6;
const panels = new WeakMap();

/**
 * Shows a chart in a panel. What is the same as before is left alone.
 *
 * @param {HTMLElement} section `section.panel` with a heading
 * @param {object} content
 * @param {string[]} content.columns headings of the table; the first one names the rows
 * @param {{label: string, href?: string, cells: (object | null)[]}[]} content.rows each with its
 *   words, where it leads, and its figures: `measure` and `label` name one, `raw` is unrounded,
 *   `words` are shown; a figure may lead somewhere by itself (`href`, and then a `name`)
 * @param {string} content.units what the figures are
 * @param {string[]} content.told the figures in words, the most important first
 * @param {(palette: object, width: number) => object} content.option
 * @param {number} content.height of the drawing, px
 * @param {{words: string, href?: string}[]} content.places of the drawing, as the pointer or the
 *   arrow keys reach them: where each leads
 * @param {number} [content.across] places side by side, where they stand in rows
 * @param {[string, string]} [content.scale] what the lightest and the darkest shade stand for
 */
export function showPanel(section, content) {
  const panel = panels.get(section) ?? makePanel(section);
  const { rows, told, columns, units, scale, height } = content;
  const figures = JSON.stringify([columns, rows]);
  panel.content = content;
  if (panel.figures === figures) return;
  panel.figures = figures;

  const empty = rows.length === 0;
  panel.none.hidden = !empty;
  for (const part of [panel.chart, panel.details, panel.units]) part.hidden = empty;
  panel.units.replaceChildren(units, ...(scale ? [shades(scale)] : []));
  fillTable(panel);
  if (empty) return;
  const rest = told.length > TOLD ? ` And ${told.length - TOLD} more, in the table.` : '';
  panel.chart.setAttribute(
    'aria-label',
    `${panel.title}: ${told.slice(0, TOLD).join(', ')}.${rest}`,
  );
  panel.drawing.show((palette, width) => panel.content.option(palette, width), height);
}

function makePanel(section) {
  const title = section.querySelector('h2').textContent.trim();
  const chart = element('div', {
    ...{ class: 'chart', role: 'img', 'aria-label': title, tabindex: '0' },
    'aria-keyshortcuts': 'ArrowLeft ArrowRight ArrowUp ArrowDown Home End Enter',
  });
  const table = element(
    'table',
    { class: 'figures' },
    element('caption', { class: 'visually-hidden' }, title),
    element('thead', {}),
    element('tbody', {}),
  );
  const region = {
    class: 'scroll',
    role: 'region',
    tabindex: '0',
    'aria-label': `${title}, table`,
  };
  const details = element(
    'details',
    { class: 'as-table' },
    element('summary', {}, 'Table', element('span', { class: 'visually-hidden' }, ` of ${title}`)),
    element('div', region, table),
  );
  const none = element('p', { class: 'none' }, 'none yet');
  const units = element('p', { class: 'units', 'aria-hidden': 'true' });
  section.append(chart, none, element('div', { class: 'below' }, units, details));
  const panel = { title, chart, table, details, units, none, content: null, figures: '' };
  panel.drawing = createDrawing(chart, (index) => follow(panel.content.places[index]));
  walkByKeyboard(chart, panel);
  details.addEventListener('toggle', () => fillTable(panel));
  panels.set(section, panel);
  return panel;
}

function follow(place) {
  if (place?.href !== undefined) window.location.assign(place.href);
}

/** What the pointer reaches, the arrow keys do: the tip of each place, and Enter where it leads. */
function walkByKeyboard(chart, panel) {
  let at = null;
  chart.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { places, across = 1 } = panel.content;
    if (event.key === 'Enter') follow(places[at]);
    const next = moved(event.key, at, across, places.length - 1);
    if (next === null) return;
    event.preventDefault();
    at = next;
    panel.drawing.point(at);
    setText(byId('announcer'), places[at].words);
  });
  chart.addEventListener('blur', () => {
    at = null;
    panel.drawing.point(null);
  });
}

/** @returns {number | null} the place to which a key leads, null for every other key */
function moved(key, at, across, last) {
  const steps = {
    ...{ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across },
    ...{ Home: -Infinity, End: Infinity },
  };
  if (!Object.hasOwn(steps, key)) return null;
  if (at === null && Number.isFinite(steps[key])) return 0;
  return Math.min(last, Math.max(0, (at ?? 0) + steps[key]));
}

/** From the lightest to the darkest shade of a heat map. */
function shades([least, most]) {
  return element('span', { class: 'shades' }, least, element('i', {}), most);
}

/** A table that nobody has opened costs nothing. */
function fillTable({ details, table, content: { columns, rows } }) {
  if (!details.open) return;
  const [first, ...others] = columns;
  const heads = others.map((words) => element('th', { scope: 'col', class: 'number' }, words));
  table.tHead.replaceChildren(element('tr', {}, element('th', { scope: 'col' }, first), ...heads));
  replaceContent(table.tBodies[0], ...rows.map(tableRow));
}

function tableRow({ label, cells, href }) {
  const head = href === undefined ? label : element('a', { href }, label);
  return element('tr', {}, element('th', { scope: 'row' }, head), ...cells.map(tableCell));
}

function tableCell(cell) {
  if (cell === null) return null;
  const { measure, label, raw, words, href, name } = cell;
  const data =
    measure === undefined
      ? {}
      : { 'data-measure': measure, 'data-label': label, 'data-value': raw };
  const shown = href === undefined ? words : element('a', { href, 'aria-label': name }, words);
  return element('td', { class: 'number', ...data }, shown);
}
