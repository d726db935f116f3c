/** Writes measures into the places that ask for them by name. */

import { count } from './element.js';
import { formatBrief, formatExactly, formatFigure, rawText } from './number-format.js';

/** How long a viewer waits for it is measured. */
let first = true;

/**
 * Places are `[data-measure][data-format]` (a figure), `[data-parts-of]`, `[data-count-of]` and
 * `[data-rate-of]` (what stands behind it). Those that the filter leaves whole say so.
 */
export function showFigures(doc) {
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
    const { denominator } = doc.measures[node.dataset.countOf] ?? {};
    node.textContent = denominator ? `mean of ${count(denominator)} ${node.dataset.unit}` : '';
  }
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
