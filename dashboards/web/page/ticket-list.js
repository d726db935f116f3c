/** The list of tickets behind a figure. */

import { byId } from './element.js';
import { isNarrowed } from './filters/address.js';
import { createFilterBar } from './filters/filter-bar.js';
import { showPager } from './lists/pager.js';
import { showRows } from './lists/row-table.js';
import { ticketHeadings, ticketRow } from './lists/ticket-rows.js';
import { everything, whereItIs } from './live/ways-out.js';
import { startLivePage } from './live/live-page.js';

const { go } = startLivePage({
  name: 'ticket-list',
  show(doc) {
    filterBar.show(doc);
    showPager(doc, 'tickets');
    showRows(byId('rows'), 'Tickets', ticketHeadings, doc.rows.map(ticketRow), 'No ticket here.');
  },
  emptiness(doc) {
    if (doc.total > 0) return null;
    return isNarrowed(doc.filter)
      ? ['No ticket matches', 'Take back one of the filters, or all of them.', everything()]
      : ['No tickets', 'None has been loaded yet.', whereItIs];
  },
  headline: (doc) => ({ value: doc.total, unit: 'tickets' }),
  defines: ({ name }) => name === 'tickets_shown',
});
const filterBar = createFilterBar(go, ({ total }) => [total, null, 'tickets']);
