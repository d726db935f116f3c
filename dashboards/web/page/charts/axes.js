/** Axes and tips as all charts have them. */

import { element } from '../element.js';

/** An axis of values: few lines, whole numbers. */
export function valueAxis(palette, more = {}) {
  return {
    type: 'value',
    minInterval: 1,
    splitNumber: 3,
    axisLabel: { color: palette.quiet, fontSize: 12 },
    splitLine: { lineStyle: { color: palette.line } },
    ...more,
  };
}

/** An axis of labels. */
export function labelAxis(palette, data, more = {}) {
  return {
    type: 'category',
    data,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.quiet, fontSize: 12, hideOverlap: true },
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
