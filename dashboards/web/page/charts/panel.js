/**
 * A panel with a chart: the drawing, named by a sentence, and the same figures as a table, from
 * whose rows every place that a click would reach is reached by keyboard.
 */

import { element, replaceContent, setText } from '../element.js';
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
 * @param {(place: object) => string | undefined} [content.hrefAt] where a click on the drawing leads
 */
export function showPanel(section, content) {
  const panel = panels.get(section) ?? makePanel(section);
  const { rows, told, columns, units, height } = content;
  const figures = JSON.stringify([columns, rows]);
  panel.content = content;
  if (panel.figures === figures) return;
  panel.figures = figures;

  const empty = rows.length === 0;
  panel.none.hidden = !empty;
  for (const part of [panel.chart, panel.details, panel.units]) part.hidden = empty;
  setText(panel.units, units);
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
  const chart = element('div', { class: 'chart', role: 'img', 'aria-label': title });
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
  panel.drawing = createDrawing(chart, (place) => {
    const href = panel.content.hrefAt?.(place);
    if (href !== undefined) window.location.assign(href);
  });
  details.addEventListener('toggle', () => fillTable(panel));
  panels.set(section, panel);
  return panel;
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
