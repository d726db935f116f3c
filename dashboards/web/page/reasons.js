/** What is set aside, by its list of reasons, each in words. */

import { count, element, replaceContent } from './element.js';

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
  replaceContent(list, ...items);
}

export function reasonLine({ field, reason, sentence }) {
  return element(
    'p',
    {},
    element('code', {}, field === null ? reason : `${field}: ${reason}`),
    ` ${sentence}`,
  );
}
