/** Tickets as rows of a table; each leads to its life. */

import { count, element } from '../element.js';

export const ticketHeadings = [
  ['Ticket'],
  ['Created (UTC)'],
  ['Resolved (UTC)'],
  ['Status'],
  ['Priority'],
  ['Category'],
  ['Channel'],
  ['Agent'],
  ['Interactions', 'number'],
];

export function ticketRow(ticket) {
  const id = ticket.ticket_id ?? '';
  return element(
    'tr',
    { 'data-ticket': id },
    element('th', { scope: 'row' }, element('a', { href: ticketAddress(id) }, id)),
    element('td', {}, (ticket.created_at ?? '').slice(0, 16)),
    element('td', {}, (ticket.resolved_at ?? '').slice(0, 16)),
    element('td', {}, tag('status', ticket.status)),
    element('td', {}, tag('priority', ticket.priority)),
    element('td', {}, ticket.issue_category ?? ''),
    element('td', {}, ticket.channel ?? ''),
    element('td', {}, ticket.agent ?? ''),
    element('td', { class: 'number' }, count(ticket.num_interactions)),
  );
}

export function ticketAddress(id) {
  return `ticket?${new URLSearchParams({ id })}`;
}

/** A word on a coloured ground. */
export function tag(kind, words) {
  return element('span', { class: 'tag', [`data-${kind}`]: words ?? '' }, words ?? '');
}
