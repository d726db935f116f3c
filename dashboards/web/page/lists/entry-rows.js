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

/** For a list in which every entry is of the same ticket. */
export const ownEntryHeadings = entryHeadings.filter(([words]) => words !== 'Ticket');

export function entryRow(entry) {
  const row = ownEntryRow(entry);
  const ticket = entry.ticket_id ?? '';
  row.cells[2].after(
    element('td', {}, ticket === '' ? '–' : element('a', { href: ticketAddress(ticket) }, ticket)),
  );
  return row;
}

export function ownEntryRow(entry) {
  return element(
    'tr',
    { 'data-entry': entry.entry_id ?? '' },
    element('td', {}, entry.logged_at ?? ''),
    element('td', {}, tag('level', entry.log_level)),
    element('td', { class: 'number' }, count(entry.response_time_ms)),
    element('td', {}, entry.component ?? ''),
    element('td', {}, entry.event_type ?? ''),
    element('td', { class: 'wide' }, (entry.message ?? '').trim()),
  );
}
