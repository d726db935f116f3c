/** Writes measures into the places that ask for them by name. */

import { count } from './element.js';
import { formatExactly, formatFigure, rawText } from './number-format.js';

/**
 * Places are `[data-measure][data-format]` (a figure), `[data-parts-of]` and `[data-count-of]`
 * (what stands behind it).
 */
export function showFigures(doc) {
  for (const node of document.querySelectorAll('[data-measure][data-format]')) {
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
