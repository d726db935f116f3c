/** Which page of a list is shown, and links to the others. */

import { byId, count, element, replaceContent, setText } from '../element.js';
import { addressOf, filterQuery } from '../filters/address.js';

/** The server counts no further: whoever wants more narrows the list down. */
const LAST_PAGE = 1_000;
/** A file holds no more (lists/list-file.ts). */
const MOST_ROWS = 10_000;

/** @param {{filter: object, page: number, page_size: number, total: number, rows: object[]}} doc */
export function showPager({ filter, page, page_size: size, total, rows }, unit) {
  const last = Math.min(LAST_PAGE, Math.max(1, Math.ceil(total / size)));
  const first = (page - 1) * size + 1;
  setText(
    byId('list-count'),
    rows.length === 0
      ? ''
      : `${count(first)} to ${count(first + rows.length - 1)} of ${count(total)} ${unit}, the newest first`,
  );
  const link = (words, wanted, possible) => {
    const query = filterQuery(filter);
    if (wanted > 1) query.set('page', String(wanted));
    const href = addressOf(window.location.pathname, query);
    return possible
      ? element('a', { href, class: 'button', 'data-same-page': '' }, words)
      : element('span', { class: 'button', 'aria-disabled': 'true', role: 'link' }, words);
  };
  replaceContent(
    byId('pager'),
    link('First', 1, page > 1),
    link('Newer', Math.min(page - 1, last), page > 1),
    element('span', { class: 'quiet' }, `Page ${count(page)} of ${count(last)}`),
    link('Older', page + 1, page < last),
    link('Last', last, page < last),
  );
  const csv = byId('as-csv');
  setText(csv, total > MOST_ROWS ? `CSV of the newest ${count(MOST_ROWS)}` : 'CSV');
  csv.hidden = rows.length === 0;
  csv.href = addressOf(new URL(csv.href).pathname, filterQuery(filter));
  byId('pager').hidden = total === null || (last === 1 && page === 1);
}
