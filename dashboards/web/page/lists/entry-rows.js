/** Log entries as rows of a table; each leads to its ticket. */

import { count, element } from '../element.js';
import { tag, ticketAddress } from './ticket-rows.js';

export const entryHeadings = [
  ['Logged (UTC)'],
  ['Level'],
  ['ms', 'number'],
  ['Ticket'],
  ['Component'],
  ['Event'],
  ['Message'],
];

export function entryRow(entry) {
  const ticket = entry.ticket_id ?? '';
  return element(
    'tr',
    { 'data-entry': entry.entry_id ?? '' },
    element('td', {}, entry.logged_at ?? ''),
    element('td', {}, tag('level', entry.log_level)),
    element('td', { class: 'number' }, count(entry.response_time_ms)),
    element('td', {}, ticket === '' ? '–' : element('a', { href: ticketAddress(ticket) }, ticket)),
    element('td', {}, entry.component ?? ''),
    element('td', {}, entry.event_type ?? ''),
    element('td', { class: 'wide' }, (entry.message ?? '').trim()),
  );
}
