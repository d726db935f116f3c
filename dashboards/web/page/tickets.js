/** The tickets page. */

import { showBooks } from './books.js';
import { byId, count, element } from './element.js';
import { showDays, showFigures, showReasons } from './figures.js';
import { startLivePage } from './live-page.js';

startLivePage({
  name: 'tickets',
  show(doc) {
    showFigures(doc);
    showBooks('books', doc.books, {
      unit: 'rows',
      whole: 'every row of the source table',
      prefix: 'books_',
    });
    showReasons(byId('quarantine'), doc.quarantine, 'quarantined_by_reasons');
    showDays('days', 'tickets_by_day', doc.breakdowns.tickets_by_day ?? []);
    showRecent(doc.recent);
  },
  /** No rows at all: either the source has none, or none has come this far. */
  emptiness(doc) {
    if (doc.books.read > 0) return null;
    return doc.frontiers.length > 0
      ? ['No tickets', 'The source table holds no rows.']
      : ['Nothing loaded yet', 'The first batch is still on its way.'];
  },
  headline: (doc) => ({ value: doc.measures.tickets_shown?.value, unit: 'tickets' }),
  defines: ({ dataset }) => dataset === 'tickets',
});

function showRecent(tickets) {
  const rows = tickets.map((ticket) =>
    element(
      'tr',
      { 'data-ticket': ticket.ticket_id ?? '' },
      element('th', { scope: 'row' }, ticket.ticket_id ?? ''),
      element('td', {}, (ticket.created_at ?? '').slice(0, 16)),
      element(
        'td',
        {},
        element('span', { class: 'tag', 'data-status': ticket.status ?? '' }, ticket.status ?? ''),
      ),
      element('td', {}, ticket.priority ?? ''),
      element('td', {}, ticket.issue_category ?? ''),
      element('td', {}, ticket.channel ?? ''),
      element('td', {}, ticket.agent ?? ''),
      element('td', { class: 'number' }, count(ticket.num_interactions)),
    ),
  );
  if (rows.length === 0) {
    rows.push(element('tr', {}, element('td', { colspan: '8', class: 'none' }, 'none yet')));
  }
  byId('recent').replaceChildren(...rows);
}
