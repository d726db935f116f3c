/** Every panel of bars by one column (`data-column`). */

import { showBars } from './bars.js';

/**
 * @param {object} doc the page's document
 * @param {(column: string, label: string) => string} hrefOf where a bar leads; bars of a panel
 *   without a column lead nowhere
 */
export function showSplits({ breakdowns, measures }, hrefOf) {
  for (const section of document.querySelectorAll('[data-chart="bars"]')) {
    const { breakdown, beside, total, column } = section.dataset;
    showBars(section, {
      shown: breakdowns[breakdown] ?? [],
      beside: breakdowns[beside] ?? [],
      total: measures[total]?.value ?? undefined,
      hrefOf: (label) => (column === undefined ? undefined : hrefOf(column, label)),
    });
  }
}
