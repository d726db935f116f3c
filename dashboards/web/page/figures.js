/** Writes measures into the places that ask for them by name. */

import { count, element } from './element.js';
import { drillAddress, isComparable } from './filters/address.js';
import {
  formatBrief,
  formatChange,
  formatDuration,
  formatExactly,
  formatFigure,
  rawText,
} from './number-format.js';

/** How long a viewer waits for it is measured. */
let first = true;

/**
 * Places are `[data-measure][data-format]` (a figure), and what stands behind it: `[data-parts-of]`,
 * `[data-count-of]`, `[data-rate-of]`, `[data-share-of]`, `[data-percentiles]`. A tile also tells how
 * its figure has moved, and `[data-drill]` leads to the rows that it counts.
 *
 * @param {object} doc the page's document
 * @param {string} list the address of the page's list
 */
export function showFigures(doc, list) {
  if (first) window.performance.mark('first-figure');
  first = false;
  for (const node of document.querySelectorAll('[data-measure][data-format]')) {
    showFigure(node, doc.measures[node.dataset.measure]?.value, node.dataset.format);
  }
  for (const node of document.querySelectorAll('[data-parts-of]')) {
    const { numerator, denominator } = doc.measures[node.dataset.partsOf] ?? {};
    node.textContent = denominator
      ? `${count(numerator)} of ${count(denominator)} ${node.dataset.unit}`
      : '';
  }
  for (const node of document.querySelectorAll('[data-rate-of]')) {
    const rate = doc.measures[node.dataset.rateOf]?.value ?? null;
    node.textContent = rate === null ? '' : `${formatFigure(rate, 'share')} ${node.dataset.unit}`;
  }
  for (const node of document.querySelectorAll('[data-count-of]')) {
    const { denominator, value } = doc.measures[node.dataset.countOf] ?? {};
    const { unit, seconds } = node.dataset;
    // Hundreds of hours are read more easily in days.
    const rows = `${count(denominator)} ${unit}`;
    const words = seconds ? `${formatDuration(value * seconds)}, ${rows}` : `mean of ${rows}`;
    node.textContent = denominator ? words : '';
  }
  for (const node of document.querySelectorAll('[data-percentiles]')) {
    node.textContent = percentileWords(node.dataset, doc.measures);
  }
  for (const node of document.querySelectorAll('[data-share-of]')) {
    const part = doc.measures[node.dataset.shareOf]?.value;
    const all = doc.measures[node.dataset.of]?.value;
    node.textContent = all ? `${formatFigure(part / all, 'share')} of ${node.dataset.unit}` : '';
  }
  for (const tile of document.querySelectorAll('.tile')) {
    showChange(tile, doc);
    showDrill(tile, doc, list);
  }
}

/** `p50 ≤ 1,000 · p95 ≤ 1,750 ms`: each is the upper edge of the range that it lies in, on one line. */
function percentileWords({ percentiles, unit, seconds }, measures) {
  const words = percentiles.split(' ').flatMap((name) => {
    const value = measures[name]?.value ?? null;
    if (value === null) return [];
    const edge = seconds ? formatDuration(value * seconds) : count(value);
    return [`${name.slice(0, name.indexOf('_'))} ≤ ${edge}`.replaceAll(' ', '\u00a0')];
  });
  return words.length === 0 ? '' : `${words.join(' · ')}${unit ? `\u00a0${unit}` : ''}`;
}

/** Against the days before the chosen ones: the arrow, not the colour, tells where it went. */
function showChange(tile, { measures, before, choices }) {
  const { measure, format } = tile.querySelector('[data-measure]').dataset;
  const change =
    before && isComparable(before, choices.firstDay)
      ? formatChange(measures[measure]?.value, before.measures[measure]?.value, format)
      : null;
  const line = tile.querySelector('.change') ?? element('dd', { class: 'change' });
  tile.append(line);
  line.hidden = change === null;
  if (change === null) return;
  const { direction, words } = change;
  const good = tile.dataset.better;
  line.dataset.trend =
    good && direction !== 'same' ? (good === direction ? 'better' : 'worse') : '';
  const [arrow, said] = { up: ['▲', 'up'], down: ['▼', 'down'], same: ['=', ''] }[direction];
  line.replaceChildren(
    element('span', { 'aria-hidden': 'true' }, arrow),
    element('span', { class: 'visually-hidden' }, said),
    ` ${words}`,
  );
}

/** Nothing leads to no rows. */
function showDrill(tile, { measures, filter }, list) {
  const link = tile.querySelector('[data-drill]');
  if (link === null) return;
  const { measure } = tile.querySelector('[data-measure]').dataset;
  const place = Object.fromEntries(new URLSearchParams(link.dataset.drill));
  if (measures[measure]?.value) link.href = drillAddress(list, filter, place);
  else link.removeAttribute('href');
}

/** Says which tiles and panels show everything although the page is narrowed down. */
export function markWhole({ whole }) {
  const isWhole = (names) => names.some((name) => whole.includes(name));
  for (const tile of document.querySelectorAll('.tile')) {
    const figure = tile.querySelector('[data-measure]');
    tile.toggleAttribute('data-whole', isWhole([figure.dataset.measure]));
  }
  for (const panel of document.querySelectorAll('.panel')) {
    const { breakdown, matrix, books } = panel.dataset;
    panel.toggleAttribute('data-whole', isWhole([breakdown, matrix, books]));
  }
}

function showFigure(node, value, format) {
  const raw = rawText(value);
  const changed = node.dataset.value !== '' && node.dataset.value !== raw;
  node.dataset.value = raw;
  node.textContent = formatBrief(value, format);
  node.title = formatExactly(value, format);
  if (!changed) return;
  node.classList.remove('changed');
  // Reading a size makes the browser forget the animation that it has just played.
  void node.offsetWidth;
  node.classList.add('changed');
}
