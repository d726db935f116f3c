/** Axes and tips as all charts have them. */

import { element } from '../element.js';
import { widestOf } from './text-width.js';

const LABEL_PX = 12;
/** Between two labels side by side. */
const BETWEEN_PX = 10;

/** An axis of values: few lines, whole numbers. */
export function valueAxis(palette, { axisLabel: labels, ...more } = {}) {
  return {
    type: 'value',
    minInterval: 1,
    splitNumber: 3,
    axisLabel: { color: palette.quiet, fontSize: LABEL_PX, ...labels },
    splitLine: { lineStyle: { color: palette.line } },
    ...more,
  };
}

/**
 * The labels of an axis from left to right: each, or every second, third … from the first one on.
 *
 * @param {string[]} labels
 * @param {number} width of the axis, px
 */
export function everyFew(palette, labels, width) {
  const widest = widestOf(labels, `${LABEL_PX}px ${palette.font}`) + BETWEEN_PX;
  return { interval: Math.ceil((widest * labels.length) / width) - 1 };
}

/** An axis of labels. */
export function labelAxis(palette, data, { axisLabel: labels, ...more } = {}) {
  return {
    type: 'category',
    data,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.quiet, fontSize: LABEL_PX, ...labels },
    ...more,
  };
}

/** The tip of a chart, as elements: a text from the data is never markup. */
export function tip(title, lines) {
  return element(
    'div',
    {},
    element('b', {}, title),
    ...lines.filter((line) => line !== '').map((line) => element('div', {}, line)),
  );
}
