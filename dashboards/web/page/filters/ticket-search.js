/** A field that leads to one ticket's life, by its number. */

import { element } from '../element.js';
import { ticketAddress } from '../lists/ticket-rows.js';

export function createTicketSearch() {
  const field = element('input', {
    type: 'search',
    name: 'id',
    placeholder: 'Go to ticket',
    'aria-label': 'Go to ticket',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: '256',
  });
  const form = element('form', { class: 'ticket-search', role: 'search' }, field);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const id = field.value.trim();
    if (id !== '') window.location.assign(ticketAddress(id));
  });
  return form;
}
