/** Writes measures and breakdowns into the places that ask for them by name. */

import { byId, count, element } from './element.js';
import { formatDay, formatExactly, formatFigure, lastDays, rawText } from './number-format.js';

const SHOWN_BARS = 12;
const SHOWN_DAYS = 31;

/**
 * Places are `[data-measure][data-format]` (a figure), `[data-parts-of]` and `[data-count-of]`
 * (what stands behind it), and `table[data-breakdown]` (bars; see {@link showBars}).
 */
export function showFigures(doc) {
  for (const node of document.querySelectorAll('[data-measure][data-format]')) {
    if (node.dataset.label !== undefined) continue;
    showFigure(node, doc.measures[node.dataset.measure]?.value, node.dataset.format);
  }
  for (const node of document.querySelectorAll('[data-parts-of]')) {
    const figure = doc.measures[node.dataset.partsOf];
    node.textContent = figure
      ? `${count(figure.numerator)} ÷ ${count(figure.denominator)} ${node.dataset.unit}`
      : '';
  }
  for (const node of document.querySelectorAll('[data-count-of]')) {
    const figure = doc.measures[node.dataset.countOf];
    node.textContent = figure ? `over ${count(figure.denominator)} ${node.dataset.unit}` : '';
  }
  for (const table of document.querySelectorAll('[data-breakdown]')) showBars(table, doc);
}

function showFigure(node, value, format) {
  const raw = rawText(value);
  const changed = node.dataset.value !== '' && node.dataset.value !== raw;
  node.dataset.value = raw;
  node.textContent = formatFigure(value, format);
  if (format !== 'count') node.title = formatExactly(value, format);
  if (!changed) return;
  node.classList.remove('changed');
  // Reading a size makes the browser forget the animation that it has just played.
  void node.offsetWidth;
  node.classList.add('changed');
}

/**
 * A table of bars: `data-unit` what is counted, `data-total` the measure of which all bars are
 * parts, `data-order` labels that come in an order of their own, and `data-beside` a second
 * breakdown with `data-beside-heading` and `data-beside-format`.
 */
function showBars(table, doc) {
  const { breakdown, unit, total, order = '', beside, besideHeading, besideFormat } = table.dataset;
  const besideFigures = new Map(
    (doc.breakdowns[beside] ?? []).map((figure) => [figure.label, figure]),
  );
  if (!table.tHead) table.append(...barsFrame(table, unit, besideHeading));
  const figures = inKnownOrder(doc.breakdowns[breakdown] ?? [], order.split('|'));
  const shown = figures.slice(0, SHOWN_BARS);
  const others =
    (doc.measures[total]?.value ?? 0) - shown.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const largest = Math.max(1, ...figures.map(({ value }) => value ?? 0));
  const body = table.tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.label, row]));
  const wanted = shown.map((figure) => {
    const label = figure.label ?? '(none)';
    const row = rows.get(label) ?? barRow(breakdown, label, beside);
    showFigure(row.querySelector('[data-measure]'), figure.value, 'count');
    row.querySelector('.fill').style.setProperty('--share', String(figure.value / largest));
    if (beside) {
      showFigure(
        row.querySelector('.beside'),
        besideFigures.get(figure.label)?.value,
        besideFormat,
      );
    }
    return row;
  });
  if (shown.length > 0 && others > 0) wanted.push(othersRow(others, beside));
  if (wanted.length === 0) {
    wanted.push(element('tr', {}, element('td', { colspan: '4', class: 'none' }, 'none yet')));
  }
  body.replaceChildren(...wanted);
}

function barsFrame(table, unit, besideHeading) {
  const heading = byId(table.parentElement.getAttribute('aria-labelledby'));
  return [
    element('caption', { class: 'visually-hidden' }, `${unit} ${heading.textContent}`),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'col' }, element('span', { class: 'visually-hidden' }, 'Label')),
        element('td', { 'aria-hidden': 'true', class: 'track-cell' }),
        element('th', { scope: 'col', class: 'number' }, unit),
        besideHeading ? element('th', { scope: 'col', class: 'number' }, besideHeading) : null,
      ),
    ),
    element('tbody', {}),
  ];
}

function barRow(name, label, besideName) {
  const figure = (of, classes) =>
    element('td', { class: classes, 'data-measure': of, 'data-label': label, 'data-value': '' });
  return element(
    'tr',
    { 'data-label': label },
    element('th', { scope: 'row', title: label }, label),
    element(
      'td',
      { 'aria-hidden': 'true', class: 'track-cell' },
      element('div', { class: 'track' }, element('div', { class: 'fill' })),
    ),
    figure(name, 'number'),
    besideName ? figure(besideName, 'number beside') : null,
  );
}

function othersRow(others, beside) {
  return element(
    'tr',
    { class: 'others' },
    element('th', { scope: 'row' }, 'all others'),
    element('td', { 'aria-hidden': 'true' }),
    element('td', { class: 'number' }, count(others)),
    beside ? element('td', {}) : null,
  );
}

function inKnownOrder(figures, order) {
  const place = ({ label }) => (order.includes(label) ? order.indexOf(label) : order.length);
  return figures.toSorted((a, b) => place(a) - place(b));
}

/** Columns by day up to the newest one; a long time without rows is a gap, and said. */
export function showDays(id, measure, figures) {
  const days = lastDays(figures, SHOWN_DAYS);
  showColumns(
    id,
    measure,
    days.map(({ day, value, missing }) => ({
      label: day,
      words: formatDay(day),
      value,
      ...(missing === 0 ? {} : { gap: `${count(missing)} days without` }),
    })),
    'most in a day',
  );
}

/**
 * @param {string} id of the list; its axis is `<id>-axis`
 * @param {string} measure name of the breakdown
 * @param {{label: string, words: string, value: number, beside?: string, gap?: string}[]} columns
 *   from left to right; `gap` says what is left out before one
 * @param {string} mostWords what the largest is called
 */
export function showColumns(id, measure, columns, mostWords) {
  const largest = Math.max(1, ...columns.map(({ value }) => value));
  byId(id).replaceChildren(
    ...columns.flatMap(({ label, words, value, beside = '', gap }) => {
      const column = element('span', { class: 'column', 'aria-hidden': 'true' });
      column.style.setProperty('--share', String(value / largest));
      const text = `${words}: ${count(value)}${beside}`;
      const item = element(
        'li',
        {
          title: text,
          'data-measure': measure,
          'data-label': label,
          'data-value': String(value),
        },
        column,
        element('span', { class: 'visually-hidden' }, text),
      );
      return gap === undefined ? [item] : [gapItem(gap), item];
    }),
  );
  const axis =
    columns.length === 0
      ? ['none yet']
      : [columns[0].words, `${mostWords}: ${count(largest)}`, columns.at(-1).words];
  byId(`${id}-axis`).replaceChildren(...axis.map((text) => element('span', {}, text)));
}

function gapItem(words) {
  return element(
    'li',
    { class: 'gap', title: words },
    element('span', { class: 'visually-hidden' }, words),
  );
}

/** What is set aside, by its list of reasons, each in words. */
export function showReasons(list, quarantine, measure) {
  const items = quarantine.map(({ reasons, count: rows, meaning }) =>
    element(
      'li',
      {},
      element(
        'span',
        {
          class: 'number',
          'data-measure': measure,
          'data-label': reasons,
          'data-value': String(rows),
        },
        count(rows),
      ),
      element('div', {}, ...meaning.map(reasonLine)),
    ),
  );
  if (items.length === 0) items.push(element('li', { class: 'none' }, 'Nothing is set aside.'));
  list.replaceChildren(...items);
}

export function reasonLine({ field, reason, sentence }) {
  return element(
    'p',
    {},
    element('code', {}, field === null ? reason : `${field}: ${reason}`),
    ` ${sentence}`,
  );
}
