/** The list of log entries behind a figure. */

import { byId } from './element.js';
import { isNarrowed } from './filters/address.js';
import { createFilterBar } from './filters/filter-bar.js';
import { entryHeadings, entryRow } from './lists/entry-rows.js';
import { showPager } from './lists/pager.js';
import { showRows } from './lists/row-table.js';
import { everything, whereItIs } from './live/ways-out.js';
import { startLivePage } from './live/live-page.js';

const { go } = startLivePage({
  name: 'entry-list',
  show(doc) {
    filterBar.show(doc);
    showPager(doc, 'entries');
    showRows(byId('rows'), 'Log entries', entryHeadings, doc.rows.map(entryRow), 'No entry here.');
  },
  emptiness(doc) {
    if (doc.total > 0) return null;
    return isNarrowed(doc.filter)
      ? ['No log entry matches', 'Take back one of the filters, or all of them.', everything()]
      : ['No log entries', 'None has been loaded yet.', whereItIs];
  },
  headline: (doc) => ({ value: doc.total, unit: 'log entries' }),
  defines: ({ name }) => name === 'log_entries',
});
const filterBar = createFilterBar(go, ({ total }) => [total, null, 'entries']);
