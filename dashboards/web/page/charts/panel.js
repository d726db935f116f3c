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
 * Shows a chart in a panel.
 *
 * @param {HTMLElement} section `section.panel` with a heading
 * @param {object} content
 * @param {string[]} content.columns headings of the table
 * @param {object[]} content.rows what is shown, each with `label` (its words), `cells` (elements or
 *   texts), `href` (where it leads, or undefined)
 * @param {string} content.units what the figures are
 * @param {string[]} content.told the figures in words, the most important first
 * @param {(palette: object, width: number) => object} content.option
 * @param {number} content.height of the drawing, px
 * @param {(place: object) => string | undefined} content.hrefAt where a click on the drawing leads
 */
export function showPanel(section, content) {
  const panel = panels.get(section) ?? makePanel(section);
  panel.content = content;
  const { rows, told, columns } = content;
  const empty = rows.length === 0;
  panel.none.hidden = !empty;
  panel.chart.hidden = empty;
  panel.details.hidden = empty;
  panel.units.hidden = empty;
  setText(panel.units, content.units);
  panel.table.tHead.replaceChildren(
    element('tr', {}, ...columns.map((words, index) => headCell(words, index))),
  );
  replaceContent(panel.table.tBodies[0], ...rows.map(tableRow));
  if (empty) return;
  const rest = told.length > TOLD ? ` And ${told.length - TOLD} more, in the table.` : '';
  panel.chart.setAttribute(
    'aria-label',
    `${panel.title}: ${told.slice(0, TOLD).join(', ')}.${rest}`,
  );
  panel.drawing.show(content.option, content.height);
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
  section.append(chart, none, units, details);
  const panel = { title, chart, table, details, units, none, content: null, drawing: null };
  panel.drawing = createDrawing(chart, (place) => {
    const href = panel.content.hrefAt?.(place);
    if (href !== undefined) window.location.assign(href);
  });
  panels.set(section, panel);
  return panel;
}

function headCell(words, index) {
  return element('th', { scope: 'col', ...(index === 0 ? {} : { class: 'number' }) }, words);
}

function tableRow({ label, cells, href }) {
  const head = href === undefined ? label : element('a', { href }, label);
  return element('tr', {}, element('th', { scope: 'row' }, head), ...cells);
}

/** A figure in a table; tests and people find its unrounded value behind it. */
export function figureCell({ measure, label, raw, words }) {
  return element(
    'td',
    { class: 'number', 'data-measure': measure, 'data-label': label, 'data-value': raw },
    words,
  );
}
